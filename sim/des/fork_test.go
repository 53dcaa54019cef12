package des

import (
	"testing"
	"time"
)

// A fork is suspected once three providers that are no part of it have attested a slot of it: not
// before two slots have passed, and by nobody who does not compare. The proof takes two questions.
func TestForks(t *testing.T) {
	quick(t)
	t.Parallel()
	c := listing(100)
	c.Providers, c.Duration = 8, 8*time.Hour
	c.Bulletins.Fork = 10 * time.Minute
	r := run(t, c)
	suspected := value(t, r, "fork_suspected")
	if suspected < attestsAfter+1 || suspected > 12 {
		t.Errorf("suspected after %v slots", suspected)
	}
	// Two questions each after a third to a half of an epoch, of 240 slots.
	if p := value(t, r, "fork_proven"); p-suspected < 100 || p-suspected > 300 {
		t.Errorf("proven %v slots later", p-suspected)
	}
	if all := value(t, r, "forks_proven"); all != 1 {
		t.Errorf("%v are proven", all)
	}
	c.Bulletins.Without = HeadsRule
	if none := value(t, run(t, c), "forks_proven"); none != 0 {
		t.Errorf("%v are proven by nobody's word", none)
	}
}
