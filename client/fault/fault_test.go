package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestFaultsKeepTheirMeaning(t *testing.T) {
	full := New(Quota, "it is full", "wait")
	cause := errors.New("no room for 3 of 5")
	err := fmt.Errorf("posting: %w", full.With("behind %d others: %w", 7, cause))
	if !errors.Is(err, full) || !errors.Is(err, cause) {
		t.Errorf("%v is neither the fault nor its cause", err)
	}
	if f := Of(err); f.ExitCode() != 5 || f.Hint() != "wait" {
		t.Errorf("%d, %q", f.ExitCode(), f.Hint())
	}
	if want := "posting: it is full: behind 7 others: no room for 3 of 5"; err.Error() != want {
		t.Errorf("%q", err)
	}
	if f := Of(cause); f.ExitCode() != int(Internal) || errors.Is(cause, full) {
		t.Error("an error without a fault must be internal")
	}
}
