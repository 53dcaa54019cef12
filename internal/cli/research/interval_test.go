package research

import (
	"math"
	"testing"
)

// TestIntervals: those that are none are not printed.
func TestIntervals(t *testing.T) {
	for got, want := range map[string]string{
		interval(1, 2.5):          "1 … 2.5",
		interval(math.Inf(-1), 2): "–",
		interval(1, math.Inf(1)):  "–",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
