package node

import (
	"strings"
	"testing"
	"time"
)

// TestClockWords have the amount, the direction and what to do, and no alarm where clocks agree.
func TestClockWords(t *testing.T) {
	for _, c := range []struct {
		ahead time.Duration
		peers int
		want  string
	}{
		{time.Hour, 3, "it is 1h0m0s behind those of 3 other nodes: set it"},
		{-90 * time.Second, 1, "it is 1m30s ahead of that of one other node: set it"},
		{300 * time.Millisecond, 7, "it agrees with those of 7 other nodes"},
		{0, 0, "not compared"},
	} {
		if got := ClockWords(c.ahead, c.peers); !strings.Contains(got, c.want) {
			t.Errorf("%v of %d: %s", c.ahead, c.peers, got)
		}
	}
}
