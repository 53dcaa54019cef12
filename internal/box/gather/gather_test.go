package gather

import "testing"

// TestWaiting: what waits comes in its order, Most at a time, and an end is no request.
func TestWaiting(t *testing.T) {
	requests := make(chan int, 2*Most)
	if got := Waiting(requests); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
	for i := range Most + 3 {
		requests <- i
	}
	close(requests)
	first, rest, none := Waiting(requests), Waiting(requests), Waiting(requests)
	if len(first) != Most || len(rest) != 3 || len(none) != 0 || first[0] != 0 ||
		rest[2] != Most+2 {
		t.Errorf("%d, then %v, then %v", len(first), rest, none)
	}
}
