package world

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

// nodes are bare ones, which links tell apart.
func nodes(n int) (all []*Node) {
	for i := range n {
		all = append(all, &Node{number: int32(i)})
	}
	return all
}

func noLinks() *Links {
	return &Links{loss: map[pair]float64{}, side: map[*Node]int{}, rng: rand.New(rand.NewPCG(1, 2))}
}

// TestPartsKeepApart: after any partings, two nodes reach each other when the last line that named
// either named both, or none ever named one; and after heal everybody reaches everybody.
func TestPartsKeepApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, links := nodes(6), noLinks()
		last := make([]int, len(all)) // the line that named a node last
		for line := range rapid.IntRange(1, 8).Draw(t, "lines") {
			if rapid.IntRange(0, 5).Draw(t, "heal") == 0 {
				links.Heal()
				clear(last)
				continue
			}
			for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 4,
				rapid.ID[int]).Draw(t, "side") {
				last[i] = line + 1
			}
			var side []*Node
			for i, n := range all {
				if last[i] == line+1 {
					side = append(side, n)
				}
			}
			links.Part(side...)
			for i, a := range all {
				for j, b := range all {
					if want := last[i] != last[j]; links.cut(a, b) != want ||
						links.lost(a, b) != want {
						t.Fatalf("%d and %d, named last by %v: cut is %t", i, j, last,
							links.cut(a, b))
					}
				}
			}
		}
	})
}

// TestLossIsOfItsLink: the loss of a pair holds both ways and nowhere else, and goes before that of
// all links; a person has the greater of their own and everybody's.
func TestLossIsOfItsLink(t *testing.T) {
	all, links := nodes(3), noLinks()
	links.lose(all[1], all[0], 1)
	if !links.lost(all[0], all[1]) || !links.lost(all[1], all[0]) {
		t.Error("the link that loses all carries something")
	}
	if links.lost(all[0], all[2]) || links.lost(all[2], all[1]) {
		t.Error("another link loses")
	}
	links.LoseAll(1)
	links.lose(all[0], all[1], 0)
	if links.lost(all[0], all[1]) || !links.lost(all[0], all[2]) {
		t.Error("a link's own loss does not go before that of all")
	}
	bad, good := &Person{loss: 1}, &Person{}
	if !links.lostOf(good) {
		t.Error("people's links are not among all links")
	}
	links.LoseAll(0)
	if links.lostOf(good) || !links.lostOf(bad) {
		t.Error("a person's loss is not theirs alone")
	}
}

// TestHeapIsASortedList: whatever is planned and taken in whatever order, the earliest comes first,
// and of one time what was planned first.
func TestHeapIsASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h heap
		var model []event
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(model) > 0 && rapid.IntRange(0, 2).Draw(t, "take") == 0 {
				at, ok := h.next()
				e, want := h.pop(), model[0]
				model = model[1:]
				if !ok || at != want.at || e.at != want.at || e.order != want.order {
					t.Fatalf("took %d planned as %d, want %d planned as %d", e.at, e.order,
						want.at, want.order)
				}
				continue
			}
			at := rapid.Int64Range(0, 9).Draw(t, "at")
			h.push(at, nil, nil)
			model = append(model, event{at: at, order: h.order})
			slices.SortStableFunc(model, func(a, b event) int { return int(a.at - b.at) })
		}
		if len(h.events) != len(model) {
			t.Fatalf("%d are to come, want %d", len(h.events), len(model))
		}
	})
	if _, ok := new(heap).next(); ok {
		t.Error("something is to come of nothing")
	}
}
