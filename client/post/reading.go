package post

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/photo"
	"murmuration/client/store"
	"murmuration/client/timeline"
	"murmuration/internal/box"
)

const bucketReading = "reading" // reading, by the name of the stream

// idsATurn is how many ids are worked out at most when a person has their turn, 40 µs each.
const idsATurn = 4000

// reading is a stream that is read. Its position is durable, so that nothing is shown twice.
type reading struct {
	Name   string           `cbor:"1,keyasint"`
	Source Source           `cbor:"2,keyasint"`
	Epoch  int              `cbor:"3,keyasint"`
	Number uint64           `cbor:"4,keyasint"` // under which its boxes are wanted
	Reader boxstream.Reader `cbor:"5,keyasint"`
	// First is the index of the first of Places, if it is a collection.
	First  uint64  `cbor:"6,keyasint,omitempty"`
	Places []Place `cbor:"7,keyasint,omitempty"`
}

func (r reading) stream() Stream { return Stream{r.Name, r.Source, r.Epoch} }

// at is where a post stands that came at an index.
func (r reading) at(number uint64) Place {
	if n := number - r.First; n < uint64(len(r.Places)) && r.Places[n] != (Place{}) {
		return r.Places[n]
	}
	return Place{Epoch: r.Epoch, Number: number}
}

func (r *reading) put(tx *store.Tx) error { return tx.Put(bucketReading, r.Name, *r) }

// Hearer is whose streams are read. It is told of what comes within the transaction that keeps it,
// once for each box, and may start and stop streams in it.
type Hearer interface {
	// Posted hears of a post that was not there before.
	Posted(tx *store.Tx, now time.Time, s Stream, e timeline.Entry, p content.Post) error
	// Said takes a record that is neither a post nor a part of a photo, at an index of its stream,
	// and says whether it understands it.
	Said(
		tx *store.Tx, now time.Time, s Stream, number uint64, r box.Record,
	) (understood bool, err error)
}

// Albums keeps the photos of what is read as they come: *photo.Photos does.
type Albums interface {
	Expect(tx *store.Tx, of photo.Of) error
	Take(tx *store.Tx, s Source, day box.Day, r box.Record) error
	Forget(tx *store.Tx, post string, index int) error
}

// ReadingConfig says what becomes of what is read. All fields are required.
type ReadingConfig struct {
	Store    *store.Store
	Network  boxstream.Network
	Timeline *timeline.Timeline
	Photos   Albums
	Sources  *Sources
}

// Reading is all streams of posts that a person reads.
type Reading struct {
	cfg     ReadingConfig
	access  *person.Access
	hearers map[string]Hearer // by what the names of their streams begin with
	streams map[string]*reading
	forgot  int64 // the hour in which posts that expired were forgotten last
}

// NewReading is what a person reads.
func NewReading(p *person.Person, cfg ReadingConfig) *Reading {
	r := &Reading{cfg: cfg, hearers: map[string]Hearer{}, streams: map[string]*reading{}}
	r.access = p.Join(r)
	return r
}

// Serve says who hears of streams whose names begin with kind and a slash.
func (r *Reading) Serve(kind string, h Hearer) { r.hearers[kind] = h }

// Load takes up what is read.
func (r *Reading) Load(tx *store.Tx) error {
	return store.Each(tx, bucketReading, func(_ string, s reading) error {
		if err := s.Reader.Load(); err != nil {
			return store.ErrForeign.With("a stream of posts: %w", err)
		}
		r.streams[s.Name] = &s
		return nil
	})
}

// Supply does nothing: what is wanted is fetched at the sender's own pace.
func (r *Reading) Supply(time.Time) error { return nil }

// Start reads a stream from where start says, on a day; nothing changes if it is read already.
func (r *Reading) Start(
	tx *store.Tx, now time.Time, s Stream, start boxstream.Start, first box.Day,
) error {
	return r.start(tx, now, reading{Name: s.Name, Source: s.Source, Epoch: s.Epoch}, start, first)
}

// Collect is Start for a stream in which posts of others are written again, and says where each of
// them stood, in their order; the zero place: that is not known.
func (r *Reading) Collect(
	tx *store.Tx, now time.Time, s Stream, start boxstream.Start, first box.Day, places []Place,
) error {
	_, before := start.Before()
	return r.start(tx, now, reading{
		Name: s.Name, Source: s.Source, Epoch: s.Epoch, First: before + 1, Places: places,
	}, start, first)
}

func (r *Reading) start(
	tx *store.Tx, now time.Time, s reading, start boxstream.Start, first box.Day,
) error {
	known, err := tx.Has(bucketReading, s.Name)
	if err != nil || known {
		return err
	}
	reader, err := boxstream.NewReader(start, min(first, r.cfg.Network.Today(now)), now)
	if err != nil {
		return err
	}
	g := &s
	g.Number, g.Reader = 1, reader
	err = store.Each(tx, bucketReading, func(_ string, other reading) error {
		g.Number = max(g.Number, other.Number+1)
		return nil
	})
	tx.After(func() {
		r.streams[g.Name] = g
		room := idsATurn
		r.look(g, now, &room)
	})
	return errors.Join(err, g.put(tx))
}

// Skip passes over the boxes of a stream before an index, which nobody stores any more. A reader
// that is further behind than an index may be advanced begins where start says.
func (r *Reading) Skip(
	tx *store.Tx, now time.Time, s Stream, start boxstream.Start, oldest uint64,
) error {
	g := r.streams[s.Name]
	if g == nil || g.Reader.First() >= oldest {
		return nil
	}
	next := *g
	var err error
	if next.Reader, err = g.Reader.Skip(oldest); err != nil {
		first := g.Reader.From
		if next.Reader, err = boxstream.NewReader(start, first, now); err != nil {
			return err
		}
	}
	tx.After(func() {
		*g = next
		room := idsATurn
		r.look(g, now, &room)
	})
	return next.put(tx)
}

// Stop forgets a stream; what was read of it stays.
func (r *Reading) Stop(tx *store.Tx, name string) error {
	tx.After(func() {
		if g := r.streams[name]; g != nil {
			r.access.Unwant(g.Number)
			delete(r.streams, name)
		}
	})
	return tx.Delete(bucketReading, name)
}

// Reads says whether the stream of a start is read for its kind, wherever its reader is: what is
// read for another one, anybody may have named.
func (r *Reading) Reads(kind string, start boxstream.Start) (name string, ok bool) {
	root, _ := start.Before()
	for _, name := range slices.Sorted(maps.Keys(r.streams)) {
		if kindOf(name) == kind && r.streams[name].Reader.Root() == root {
			return name, true
		}
	}
	return "", false
}

// Turn looks out for the boxes of the day, and closes the days of which nothing new comes.
func (r *Reading) Turn(now time.Time) error {
	if err := r.forget(now); err != nil {
		return err
	}
	room := idsATurn
	for _, name := range slices.Sorted(maps.Keys(r.streams)) {
		g := r.streams[name]
		whole := r.access.Whole()
		if !r.access.Looked(g.Number) {
			whole = 0
		}
		if after, changed := g.Reader.Close(r.cfg.Network, now, whole); changed {
			next := *g
			next.Reader = after
			if err := r.cfg.Store.Update(next.put); err != nil {
				return fmt.Errorf("noting the position in a stream: %w", err)
			}
			*g = next
		}
		r.look(g, now, &room)
	}
	return nil
}

// look has the boxes looked out for that may come of a stream.
func (r *Reading) look(g *reading, now time.Time, room *int) {
	places, others := g.Reader.IDs(r.cfg.Network, now, room)
	if !others {
		return
	}
	ids := make([]person.ID, len(places))
	for i, p := range places {
		ids[i] = person.ID(p)
	}
	r.access.Want(g.Number, ids, true)
}

func (r *Reading) find(number uint64) *reading {
	for _, g := range r.streams {
		if g.Number == number {
			return g
		}
	}
	return nil
}

// Answered takes a box that came. Whoever fetched it has seen that its id and signature are right,
// so that its author wrote it; what does not open all the same is passed over as nothing.
func (r *Reading) Answered(now time.Time, a person.Answer) error {
	g := r.find(a.Number)
	if g != nil && a.Kind == person.Listed {
		g.Reader.Listed(boxstream.Place{Day: a.Day, ID: a.ID})
	}
	if g == nil || a.Kind != person.Found {
		return nil
	}
	opened, err := g.Reader.Open(r.cfg.Network, a.Day, a.Reply.Box)
	if err != nil && !errors.Is(err, box.ErrTombstone) || g.Reader.Has(opened.Number) {
		return nil
	}
	next := *g
	next.Reader = g.Reader.Found(now, opened.Number, opened.Day)
	err = r.cfg.Store.Update(func(tx *store.Tx) error {
		if err := next.put(tx); err != nil {
			return err
		}
		tx.After(func() {
			*g = next
			room := idsATurn
			r.look(g, now, &room)
		})
		return r.keep(tx, now, next, opened)
	})
	if err != nil {
		return fmt.Errorf("noting a post: %w", err)
	}
	return nil
}

// keep keeps what a box says.
func (r *Reading) keep(tx *store.Tx, now time.Time, g reading, o boxstream.Opened) error {
	s := g.stream()
	if o.Plaintext == nil {
		return nil // a tombstone
	}
	record, err := box.ParseRecord(r.cfg.Network.Format, o.Plaintext)
	understood := false
	switch {
	case err != nil:
		err = nil
	case record.Kind == content.KindPhoto:
		return r.cfg.Photos.Take(tx, s.Source, o.Day, record)
	case record.Kind == content.KindCover:
		return nil // its author took back what was to stand here
	case record.Kind == content.KindPost:
		understood, err = r.post(tx, now, g, o, record)
	default:
		if h := r.hearers[kindOf(s.Name)]; h != nil {
			understood, err = h.Said(tx, now, s, o.Number, record)
		}
	}
	if !understood && err == nil {
		tx.After(r.tell)
	}
	return err
}

func (r *Reading) tell() {
	r.access.Tell(
		"something came that this program does not understand; it is passed over",
		"Update this program.",
	)
}

func kindOf(name string) string {
	kind, _, _ := strings.Cut(name, "/")
	return kind
}

// tooOld says whether a post cannot have been written when it says, since nobody waits for so long
// with a box: its author's clock was wrong.
func (r *Reading) tooOld(g reading, day box.Day, p content.Post) bool {
	kept := r.cfg.Network.Calendar
	return len(g.Places) == 0 &&
		p.Time < day.Start(kept.Genesis).AddDate(0, 0, -kept.Retention).Unix()
}

// post keeps a post, unless it is there: the same one comes again in a stream that was renewed.
// Where nobody hears of posts, photos alone are read.
func (r *Reading) post(
	tx *store.Tx, now time.Time, g reading, o boxstream.Opened, record box.Record,
) (understood bool, err error) {
	s, at := g.stream(), g.at(o.Number)
	h := r.hearers[kindOf(s.Name)]
	p, err := content.ParsePost(record.Content)
	if err != nil || record.Parts != 1 || h == nil {
		return false, nil
	}
	e := timeline.Entry{
		ID: content.ID(s.Source, record.Content), Source: s.Source, Epoch: at.Epoch,
		Content: record.Content, Received: now.UnixMilli(), Day: o.Day, Number: at.Number,
	}
	if r.tooOld(g, o.Day, p) {
		e.When = content.Hour(now)
	}
	known, err := r.cfg.Timeline.Has(tx, e.ID)
	if err != nil || known || over(p, now) {
		return true, err
	}
	errs := []error{
		r.cfg.Timeline.Keep(tx, e), fade(tx, e.ID, p),
		r.cfg.Sources.came(tx, e, now, p),
	}
	for i, about := range p.Photos {
		errs = append(errs, r.cfg.Photos.Expect(tx, photo.Of{
			Post: e.ID, Index: i, Source: s.Source, Day: o.Day, About: about,
		}))
	}
	return true, errors.Join(append(errs, h.Posted(tx, now, s, e, p))...)
}
