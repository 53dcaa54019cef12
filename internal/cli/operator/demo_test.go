package operator

import "testing"

// TestNumbersAreListedInOrder: of a list that stays as it was.
func TestNumbersAreListedInOrder(t *testing.T) {
	list := []int{3, 1, 2}
	if got := joinInts(list); got != "1, 2, 3" || joinInts(nil) != "" || list[0] != 3 {
		t.Errorf("%q, %v", got, list)
	}
}
