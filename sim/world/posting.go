package world

import (
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/client/outbox"
	"murmuration/client/parts"
	"murmuration/internal/box"
	"murmuration/internal/cover"
)

// Posting is groups of people who follow each other, and of whom somebody posts now and then.
type Posting struct {
	w        *World
	size     int
	every    time.Duration // between two posts of all groups together
	from, to time.Time     // what is posted in between is measured
	rng      *rand.Rand
	lives    []*Life
	posted   map[string]time.Time // measured posts by their text
	ways     map[box.Entry]*way   // of boxes
	number   int

	// Latencies are the seconds from posting to each reader's reading, Kept those until the author
	// hears that both holders have listed it.
	Latencies, Kept []float64
	// Ways takes each latency to pieces: until a holder has the box, from then to the end of the
	// slot in which the second one lists it, until the fetch leaves that brings it, until it is
	// here.
	Ways [4][]float64
	// Wanted and Delivered count the readings of what was posted in the measured time.
	Wanted, Delivered int
}

// way is how far a box is.
type way struct {
	stored, listed time.Time
	lists          int
}

// Post deals people to groups in order, the first of the world to the first group, and lets a group
// have a post every so often on average, from now until to; what is posted before from is not
// measured.
func (w *World) Post(groups, size int, every time.Duration, from, to time.Time) (*Posting, error) {
	l := &Posting{
		w: w, size: size, every: every / time.Duration(groups), from: from, to: to,
		rng: w.seeds.rand("posting", ""), posted: map[string]time.Time{},
		ways: map[box.Entry]*way{},
	}
	if groups*size > len(w.people) {
		return nil, fmt.Errorf("dealing %d people to %d groups of %d", len(w.people), groups, size)
	}
	for _, n := range w.providers() {
		n.holder.Watch(l.seen)
	}
	w.listing = l.listing
	for _, p := range w.people[:groups*size] {
		life, err := p.Live()
		if err != nil {
			return nil, err
		}
		life.Fresh = func(p parts.Post) { l.read(life, p) }
		life.Stored, life.Quick = l.kept, true
		l.lives = append(l.lives, life)
	}
	for i, reader := range l.lives {
		for j := i / size * size; j < (i/size+1)*size; j++ {
			if j == i {
				continue
			}
			if err := reader.Follow(l.lives[j]); err != nil {
				return nil, err
			}
		}
	}
	l.plan()
	return l, nil
}

func (l *Posting) plan() {
	l.w.After(cover.Exp(l.rng, l.every), func() {
		if l.w.Now().Before(l.to) {
			l.post(l.lives[l.rng.IntN(len(l.lives))])
			l.plan()
		}
	})
}

func (l *Posting) post(author *Life) {
	l.number++
	text := fmt.Sprint("post ", l.number)
	if !l.w.Now().Before(l.from) {
		l.posted[text] = l.w.Now()
		l.Wanted += l.size - 1
	}
	if _, err := author.Say(text, nil); err != nil {
		l.w.fail("%s posts: %w", author.line.Name, err)
	}
}

func (l *Posting) read(reader *Life, p parts.Post) {
	at, measured := l.posted[p.Text]
	if !measured {
		return
	}
	l.Delivered++
	l.Latencies = append(l.Latencies, l.w.Now().Sub(at).Seconds())
	from := at
	w := l.ways[reader.brought.entry]
	if w == nil { // what else brings a box is no fetch
		return
	}
	for i, to := range []time.Time{w.stored, w.listed, reader.brought.at, l.w.Now()} {
		l.Ways[i] = append(l.Ways[i], to.Sub(from).Seconds())
		from = to
	}
}

func (l *Posting) kept(e outbox.Entry) {
	if !e.Queued.Before(l.from) {
		l.Kept = append(l.Kept, e.Done.Sub(e.Queued).Seconds())
	}
}

// seen notes that a holder has a box.
func (l *Posting) seen(r Request) {
	e := box.EntryOf(r.ID)
	if r.Op == box.OpWrite && r.Status == box.StatusStored && l.ways[e] == nil {
		l.ways[e] = &way{stored: l.w.Now()}
	}
}

// listing notes that a holder lists a box.
func (l *Posting) listing(id box.ID) {
	w := l.ways[box.EntryOf(id)]
	if w == nil {
		return
	}
	if w.lists++; w.lists == 2 {
		w.listed = l.w.Now()
	}
}

// Open is how many readings that are measured are still to come.
func (l *Posting) Open() int { return l.Wanted - l.Delivered }
