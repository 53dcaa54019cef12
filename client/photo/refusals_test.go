package photo

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// seal puts other records where the parts of the picture belong.
func (a *album) seal(records []box.Record) {
	a.t.Helper()
	w, err := boxstream.NewWriter(rand.NewChaCha8([32]byte{1}))
	a.check(err)
	a.sealed, err = w.Seal(network, 1, records...)
	a.check(err)
}

func (a *album) put(bucket, name string, v any) {
	a.t.Helper()
	a.check(a.store.Update(func(tx *store.Tx) error { return tx.Put(bucket, name, v) }))
}

func (a *album) has(bucket, name string) (has bool) {
	a.t.Helper()
	a.check(a.store.View(func(tx *store.Tx) (err error) {
		has, err = tx.Has(bucket, name)
		return err
	}))
	return has
}

// disk lets the store be full.
func (a *album) disk(full bool) {
	a.store.Free = func(string) (uint64, error) {
		if full {
			return 0, nil
		}
		return 1 << 40, nil
	}
}

// TestPartOfSomethingElseIsNotKept: another kind, place, number of parts or file, and what is no
// record or is said not to be there; it counts as not found.
func TestPartOfSomethingElseIsNotKept(t *testing.T) {
	good := network.Format.Split(content.KindPhoto, jpeg)[0]
	for name, change := range map[string]func(*box.Record){
		"kind":  func(r *box.Record) { r.Kind = content.KindPost },
		"place": func(r *box.Record) { r.Part = 1 },
		"parts": func(r *box.Record) { r.Parts = 4 },
		"file":  func(r *box.Record) { r.Hash[0]++ },
		"":      func(*box.Record) {}, // the control
	} {
		a := newAlbum(t)
		r := good
		change(&r)
		a.seal([]box.Record{r})
		a.fetch(noon)
		a.answer(noon, true)
		want, try := 0, 1
		if name == "" {
			want = 1
		}
		kept := a.has(bucketParts, partName("look", 0))
		if s := a.fetch(noon); s.Got != want || kept != (want == 1) {
			t.Errorf("%s: %+v", name, s)
		}
		if last := a.requests[len(a.requests)-1]; want == 0 && last.Try != try {
			t.Errorf("%s: asked for again with try %d", name, last.Try)
		}
	}
}

func TestHolderThatDeniesIsBelieved(t *testing.T) {
	a := newAlbum(t)
	a.fetch(noon)
	r := a.requests[0]
	said := person.Answer{Number: 1, Day: r.Day, ID: r.Box.ID}
	said.Reply = box.Reply{Status: box.StatusNotFound, Box: a.sealed[0].Box()}
	a.check(a.Photos.Answered(noon, said))
	if s := a.fetch(noon); s.Got != 0 {
		t.Errorf("taken with status %v: %+v", said.Reply.Status, s)
	}
	said.Number, said.Reply.Status = 4, box.StatusFound // asked for again as the fourth
	a.check(a.Photos.Answered(noon, said))
	if s := a.fetch(noon); s.Got != 1 {
		t.Errorf("the control: %+v", s)
	}
	a.check(a.Photos.Answered(noon, said)) // and again, and to what was never asked
	a.check(a.Photos.Answered(noon, person.Answer{Number: 99}))
	if s := a.fetch(noon); s.Got != 1 || len(a.Photos.asked) != 2 {
		t.Errorf("an answer that came twice: %+v, %d asked for", s, len(a.Photos.asked))
	}
}

// TestPictureThatIsNotTheOne is thrown away, said, and not asked for again, a restart later either.
func TestPictureThatIsNotTheOne(t *testing.T) {
	for name, lie := range map[string]func(*album){
		"other bytes": func(a *album) {
			records := network.Format.Split(content.KindPhoto, bytes.ToUpper(jpeg))
			for i := range records {
				records[i].Hash = a.about.Hash
			}
			a.seal(records)
		},
		"shorter": func(a *album) { a.about.Size-- },
	} {
		a := newAlbum(t)
		lie(a)
		a.fetch(noon)
		for range 3 {
			a.answer(noon, true)
		}
		said := a.person.Notices()
		if _, err := a.File("look"); !errors.Is(err, ErrNone) || len(said) != 1 {
			t.Errorf("%s: kept (%v), said %+v", name, err, said)
		}
		if a.has(bucketParts, partName("look", 0)) {
			t.Errorf("%s: its parts stay", name)
		}
		a.start()
		if _, err := a.Fetch(noon, "look"); !errors.Is(err, ErrBad) || len(a.requests) != 0 {
			t.Errorf("%s, after a restart: %v, %d requests", name, err, len(a.requests))
		}
		if s := a.state("look"); s.Where != Bad {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func (a *album) state(post string) (s State) {
	a.t.Helper()
	a.check(a.store.View(func(tx *store.Tx) (err error) {
		s, err = a.State(tx, noon, post, &a.about)
		return err
	}))
	return s
}

func TestOwnPictureIsHere(t *testing.T) {
	a := newAlbum(t)
	if s := a.state("look"); s.Where != There || s.Got != 0 || s.Bytes != len(jpeg) {
		t.Errorf("%+v", s)
	}
	a.check(a.store.Update(func(tx *store.Tx) error { return a.Keep(tx, "look", jpeg) }))
	file, err := a.File("look")
	if s := a.fetch(noon); err != nil || !bytes.Equal(file, jpeg) || s.Where != Here ||
		len(a.requests) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestFetchIsOnTheDisk before its first part; and what is done or gone leaves nothing there.
func TestFetchIsOnTheDisk(t *testing.T) {
	a := newAlbum(t)
	a.disk(true)
	if _, err := a.Fetch(noon, "look"); !errors.Is(err, store.ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
	if s := a.state("look"); s.Where != There {
		t.Errorf("%+v", s)
	}
	a.disk(false)
	a.fetch(noon)
	a.start()
	if len(a.requests) != 3 {
		t.Fatalf("%d requests after a restart", len(a.requests))
	}
	for range 3 {
		a.answer(noon, true)
	}
	if a.has(bucketFetches, "look") || a.has(bucketParts, partName("look", 2)) {
		t.Error("what is here leaves its parts behind")
	}
}

// TestFullDiskDelaysAPhoto: a part is asked for again; a whole is put together when there is room.
func TestFullDiskDelaysAPhoto(t *testing.T) {
	a := newAlbum(t)
	a.fetch(noon)
	a.disk(true)
	a.answer(noon, true)
	if s := a.state("look"); s.Got != 0 || len(a.requests) != 3 {
		t.Fatalf("%+v, %d requests", s, len(a.requests))
	}
	a.disk(false)
	for i := range 3 {
		part := network.Format.Split(content.KindPhoto, jpeg)[i].Content
		a.put(bucketParts, partName("look", i), part)
	}
	a.disk(true)
	a.start() // all parts are here, and there is no room for the whole
	if s := a.state("look"); s.Where != Fetching || s.Got != 3 {
		t.Errorf("%+v", s)
	}
	a.disk(false)
	a.check(a.person.Supply(noon))
	if file, err := a.File("look"); err != nil || !bytes.Equal(file, jpeg) {
		t.Errorf("%d bytes, %v", len(file), err)
	}
}

// TestPhotosAreToldApart: one ends, the other goes on.
func TestPhotosAreToldApart(t *testing.T) {
	a := newAlbum(t)
	a.fetch(noon)
	if s := a.state("other"); s.Where != There {
		t.Errorf("%+v", s)
	}
	if s, err := a.Fetch(noon, "other"); err != nil || s.Where != Fetching {
		t.Errorf("%+v, %v", s, err)
	}
	a.check(a.person.Supply(noon))
	for range 3 {
		a.answer(noon, true)
	}
	if l, o := a.state("look"), a.state("other"); l.Where != Here || o.Where != Fetching ||
		o.Got != 0 || len(a.requests) != 3 {
		t.Errorf("%+v, %+v, %d requests", l, o, len(a.requests))
	}
}

// TestLostRequestIsNoTry: the same holder is asked for the same part.
func TestLostRequestIsNoTry(t *testing.T) {
	a := newAlbum(t)
	a.fetch(noon)
	a.requests = nil
	a.check(a.person.Begin(noon, a))
	if len(a.requests) != 3 || a.requests[0].Try != 0 {
		t.Errorf("%+v", a.requests)
	}
}

// TestLateAnswerToWhatHasGone changes nothing.
func TestLateAnswerToWhatHasGone(t *testing.T) {
	a := newAlbum(t)
	a.fetch(noon)
	late := genesis.Add(16 * 24 * time.Hour)
	a.check(a.person.Supply(late))
	a.answer(late, true)
	if a.has(bucketParts, partName("look", 0)) || a.has(bucketFetches, "look") {
		t.Error("a part of a photo that was given up is kept")
	}
}

func TestErrorsOfPhotosAreNotPassedOver(t *testing.T) {
	lost := errors.New("lost")
	a := newAlbum(t)
	a.missing = lost
	if _, err := a.Fetch(noon, "look"); !errors.Is(err, lost) {
		t.Errorf("without its post: %v", err)
	}
	a.missing = nil
	a.refuses = sender.ErrRequest
	_, err := a.Fetch(noon, "look")
	a.check(err)
	if err := a.person.Supply(noon); !errors.Is(err, sender.ErrRequest) {
		t.Errorf("a sender that refuses: %v", err)
	}
	load := func() error { return a.store.View(New(person.New(a.store), a.store, network, a).Load) }
	a.check(load()) // the control
	a.missing = lost
	if err := load(); !errors.Is(err, lost) {
		t.Errorf("a start without its post: %v", err)
	}
	a.missing = nil
	stream := a.about.Stream
	clear(a.about.Stream[:])
	if err := load(); err == nil {
		t.Error("a start without keys")
	}
	if _, err := a.Fetch(noon, "other"); err == nil {
		t.Error("fetched without keys")
	}
	a.about.Stream = stream
	for i := range 3 {
		a.put(bucketParts, partName("look", i), 7)
	}
	a.Photos.fetches[0].got = 3
	if err := a.Photos.Supply(noon); !errors.Is(err, store.ErrForeign) {
		t.Errorf("damaged parts: %v", err)
	}
	a.put(bucketFetches, "look", 7)
	if _, err := a.Fetch(noon, "look"); !errors.Is(err, store.ErrForeign) {
		t.Errorf("a damaged record: %v", err)
	}
}
