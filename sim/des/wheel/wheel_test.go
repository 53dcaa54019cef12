package wheel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

// Whatever is pushed, and whatever the width, events leave by time, then by push.
func TestQueueOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		q := New(rapid.Float64Range(0, 1e7).Draw(r, "gap"))
		spread := rapid.SampledFrom([]int64{1, 100, 1e6, 1e10, 1e15}).Draw(r, "spread")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0))
		var want []Event
		now, n := int64(0), int32(0)
		for range 600 {
			for range rng.IntN(4) {
				e := Event{At: now + rng.Int64N(spread), Ref: n}
				n++
				q.Push(e)
				i, _ := slices.BinarySearchFunc(want, e, func(a, b Event) int {
					if a.At <= b.At {
						return -1
					}
					return 1
				})
				want = slices.Insert(want, i, e)
			}
			// Another source may allow only a look at the near future.
			until := now + rng.Int64N(2*spread)
			at := q.Peek(until)
			if len(want) == 0 || want[0].At > until {
				if at != Never {
					t.Fatalf("peek(%d) = %d, want Never", until, at)
				}
				continue
			}
			if got := q.Pop(); at != want[0].At || got != want[0] {
				t.Fatalf("popped %v (peek %d), want %v", got, at, want[0])
			}
			now = want[0].At
			want = want[1:]
		}
		for _, w := range want {
			if q.Peek(Never-1) != w.At || q.Pop() != w {
				t.Fatalf("lost %v", w)
			}
		}
		if q.size != 0 || q.Peek(Never-1) != Never {
			t.Fatalf("%d events left", q.size)
		}
	})
}

func TestLane(t *testing.T) {
	t.Parallel()
	var l Lane
	want := int64(0)
	for i := range int64(1000) {
		l.Push(Event{At: i})
		if i%3 == 2 {
			if l.Peek() != want || l.Pop().At != want {
				t.Fatalf("event %d is not next", want)
			}
			want++
		}
	}
	for l.Peek() != Never {
		if got := l.Pop().At; got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
		want++
	}
	if want != 1000 {
		t.Errorf("%d of 1000 came out", want)
	}
}

// BenchmarkQueue holds n events and replaces each popped one (the hold model).
func BenchmarkQueue(b *testing.B) {
	for _, n := range []int{1e3, 1e5, 1e7} {
		b.Run(size(n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			const mean = 1e9
			q := New(mean / float64(n))
			for i := range n {
				q.Push(Event{At: int64(rng.ExpFloat64() * mean), Ref: int32(i)})
			}
			for b.Loop() {
				q.Peek(Never - 1)
				e := q.Pop()
				e.At += int64(rng.ExpFloat64() * mean)
				q.Push(e)
			}
		})
	}
}

func size(n int) string {
	return map[int]string{1e3: "1k", 1e5: "100k", 1e7: "10M"}[n]
}
