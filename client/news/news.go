// Package news is the last events of a person's life, for everybody who looks on: each asks for
// what happened after the last one that they have seen, so that nobody waits for anybody, and who
// is too slow is told how many are gone.
//
// It is pure. It must not know who looks on, and keeps nothing on the disk.
package news

import (
	"time"

	"murmuration/client/person"
)

// Max is how many events are remembered.
const Max = 1000

// Item is an event with its number, which counts from 1 since the program began.
type Item struct {
	Number uint64
	At     time.Time
	person.Event
}

// News remembers the last Max events. The zero value has none.
type News struct {
	items []Item
	last  uint64
}

// Add remembers one more.
func (n *News) Add(now time.Time, e person.Event) {
	n.last++
	if len(n.items) == Max {
		n.items = append(n.items[:0:0], n.items[Max/10:]...)
	}
	n.items = append(n.items, Item{n.last, now.UTC(), e})
}

// Last is the number of the latest event; 0 before the first.
func (n *News) Last() uint64 { return n.last }

// After is what happened after the event of a number, the oldest first, and how many events of then
// are not remembered any more. A number that is still to come is that of the latest: it is of a
// program that has ended.
func (n *News) After(number uint64) (happened []Item, missed uint64) {
	if number >= n.last {
		return nil, 0
	}
	first := n.last - uint64(len(n.items)) + 1
	if number+1 < first {
		missed, number = first-number-1, first-1
	}
	happened = n.items[number+1-first:]
	return happened[:len(happened):len(happened)], missed
}
