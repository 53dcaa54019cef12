package photo

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// Implementation constants of fetching.
const (
	// eager is how often a part is asked for before it gets pauses: a photo whose post has just
	// come may be written while it is read.
	eager = 8
	// pauseFirst is doubled from then on, up to pauseLast.
	pauseFirst = 30 * time.Second
	pauseLast  = 30 * time.Minute
)

// fetch is a photo on its way. Its parts are in the store as they come, so that it goes on after a
// restart.
type fetch struct {
	post    string
	about   *content.Photo
	reading *box.ReadCap
	parts   []part
	got     int
}

// part is one box of a photo.
type part struct {
	index box.Index
	got   bool
	asked bool // in the sender
	tries int  // that found nothing
	next  time.Time
}

// ask is a read in the sender, for a part of a fetch.
type ask struct {
	post string
	part int
}

func partName(post string, i int) string { return fmt.Sprintf("%s/%05d", post, i) }

// Load takes up what was on its way.
func (f *Photos) Load(tx *store.Tx) error {
	return store.Each(tx, bucketFetches, func(post string, r record) error {
		if r.Bad {
			return nil
		}
		about, err := f.about(tx, post)
		if err != nil {
			return err
		}
		g, err := f.newFetch(tx, post, about)
		f.fetches = append(f.fetches, g)
		return err
	})
}

// newFetch cuts a photo into its parts and sees which are here.
func (f *Photos) newFetch(tx *store.Tx, post string, about *content.Photo) (*fetch, error) {
	reading, index, err := about.Stream.Open()
	if err != nil {
		return nil, err
	}
	g := &fetch{post: post, about: about, reading: reading}
	for i := range f.boxes(about) {
		got, err := tx.Has(bucketParts, partName(post, i))
		if err != nil {
			return nil, err
		}
		g.parts = append(g.parts, part{index: index, got: got})
		if got {
			g.got++
		}
		index = index.Next()
	}
	return g, nil
}

// Turn does nothing: Supply looks at the clock for every part.
func (f *Photos) Turn(time.Time) error { return nil }

// Supply asks for missing parts. Several are in the sender at once, behind what was there before,
// and come one in each slot of the work lane.
func (f *Photos) Supply(now time.Time) error {
	for _, g := range slices.Clone(f.fetches) {
		if err := f.supply(now, g); err != nil {
			return err
		}
	}
	return nil
}

func (f *Photos) supply(now time.Time, g *fetch) error {
	if g.about.Day < f.network.Calendar.Oldest(now) {
		return f.end(g, func(tx *store.Tx) error { return tx.Delete(bucketFetches, g.post) })
	}
	if g.got == len(g.parts) {
		return f.assemble(g)
	}
	for i := range g.parts {
		if p := &g.parts[i]; !p.got && !p.asked && !p.next.After(now) {
			if err := f.ask(now, g, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Photos) ask(now time.Time, g *fetch, i int) error {
	p := &g.parts[i]
	day := f.day(now, g, p)
	f.asks++
	err := f.access.Enqueue(now, f.asks, person.Request{
		Op: box.OpRead, Day: day, Try: p.tries,
		Box: box.Box{ID: g.reading.ID(p.index, f.network.ID, day)},
	})
	if errors.Is(err, person.ErrLater) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("asking for a part of a photo: %w", err)
	}
	p.asked = true
	f.asked[f.asks] = ask{g.post, i}
	return nil
}

// day is the photo's own day twice, at either holder, then the days after it, on which its author
// may have had to seal again, and so on in turn.
func (f *Photos) day(now time.Time, g *fetch, p *part) box.Day {
	days := int(f.network.Today(now)) - int(g.about.Day) + 1
	return g.about.Day + box.Day(p.tries/2%max(days, 1))
}

// Answered takes the answer to a read of a part.
func (f *Photos) Answered(now time.Time, a person.Answer) error {
	asked, ok := f.asked[a.Number]
	delete(f.asked, a.Number)
	g := f.find(asked.post)
	if !ok || g == nil {
		return nil
	}
	p := &g.parts[asked.part]
	p.asked = false
	if a.Kind == person.Lost {
		return nil
	}
	content, ok := f.open(g, asked.part, a)
	if !ok {
		p.tries++
		if p.tries > eager {
			p.next = now.Add(min(pauseFirst<<min(p.tries-eager-1, 10), pauseLast))
		}
		return nil
	}
	return f.gotPart(g, asked.part, content)
}

// open is the content of a part, if the answer has it.
func (f *Photos) open(g *fetch, i int, a person.Answer) ([]byte, bool) {
	if a.Reply.Status != box.StatusFound {
		return nil, false
	}
	plaintext, err := g.reading.Open(g.parts[i].index, f.network.ID, a.Day, a.Reply.Box)
	if err != nil {
		return nil, false
	}
	r, err := box.ParseRecord(f.network.Format, plaintext)
	if err != nil || r.Kind != content.KindPhoto || int(r.Part) != i ||
		int(r.Parts) != len(g.parts) ||
		r.Hash != g.about.Hash {
		return nil, false
	}
	return r.Content, true
}

// gotPart keeps a part; Supply puts the whole together after the last.
func (f *Photos) gotPart(g *fetch, i int, content []byte) error {
	err := f.store.Update(
		func(tx *store.Tx) error { return tx.Put(bucketParts, partName(g.post, i), content) },
	)
	if err != nil {
		return fmt.Errorf("keeping a part of a photo: %w", err)
	}
	g.parts[i].got = true
	g.got++
	return nil
}
