package mix

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

// TestPoolKeepsOrder: whatever is held leaves by time and then by arrival, never early, never
// before its ticket was persisted, each once, and never more than the limit is held.
func TestPoolKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type item struct {
			ticket uint64
			leave  time.Time
			order  int
		}
		const limit = 20
		p := NewPool[item](limit)
		held := map[int]item{} // what the pool must have
		var durable, tickets uint64
		order, now := 0, epoch0
		t.Repeat(map[string]func(*rapid.T){
			"hold": func(t *rapid.T) {
				tickets++
				order++
				it := item{tickets, now.Add(time.Duration(rapid.IntRange(-2, 9).Draw(t,
					"delay")) * time.Millisecond), order}
				if rapid.Bool().Draw(t, "made here") {
					it.ticket = 0
				}
				if ok := p.Hold(it.ticket, it.leave, it); ok != (len(held) < limit) {
					t.Fatalf("Hold is %v with %d held", ok, len(held))
				} else if ok {
					held[it.order] = it
				}
			},
			"persisted": func(t *rapid.T) {
				durable = max(durable, rapid.Uint64Range(0, tickets).Draw(t, "up to"))
				p.Persisted(durable)
			},
			"pass": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "ms")) * time.Millisecond)
			},
			"take": func(t *rapid.T) {
				it, ok := p.Take(now)
				var first *item
				for _, h := range held {
					if h.ticket <= durable && !h.leave.After(now) &&
						(first == nil || h.leave.Before(first.leave) ||
							h.leave.Equal(first.leave) && h.order < first.order) {
						first = &h
					}
				}
				if ok != (first != nil) || ok && it != *first {
					t.Fatalf("Take is %v, %v; want %v", it, ok, first)
				}
				delete(held, it.order)
			},
			"": func(t *rapid.T) {
				if p.Len() != len(held) || p.Full() != (len(held) == limit) {
					t.Fatalf("Len is %d, Full %v with %d held", p.Len(), p.Full(), len(held))
				}
			},
		})
	})
}
