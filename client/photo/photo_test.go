package photo

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
)

var (
	genesis = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	noon    = genesis.Add(60 * time.Hour) // day 2
	network = boxstream.Network{
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 64},
		Calendar: box.Calendar{Genesis: genesis, Retention: 14},
	}
	jpeg = bytes.Repeat([]byte("picture "), 20) // three boxes
)

// seven is the feed of the photo; the others are others'.
var seven, eight, nine = content.Source{7}, content.Source{8}, content.Source{9}

// album is the photos of somebody who follows feed seven, which has one.
type album struct {
	*Photos
	t     *testing.T
	store *store.Store
	of    Of
	parts []box.Record
}

func newAlbum(t *testing.T) *album {
	a := &album{t: t, store: store.Memory(), parts: network.Format.Split(content.KindPhoto, jpeg)}
	a.Photos = New(person.New(a.store), a.store, network)
	a.of = Of{
		Post: "post", Source: seven, Day: 2,
		About: content.Photo{Hash: sha256.Sum256(jpeg), Size: len(jpeg)},
	}
	return a
}

func (a *album) update(do func(*store.Tx) error) {
	a.t.Helper()
	if err := a.store.Update(do); err != nil {
		a.t.Fatal(err)
	}
}

func (a *album) expect() {
	a.t.Helper()
	a.update(func(tx *store.Tx) error { return a.Expect(tx, a.of) })
}

func (a *album) take(from content.Source, records ...box.Record) {
	a.t.Helper()
	for _, r := range records {
		a.update(func(tx *store.Tx) error { return a.Take(tx, from, 2, r) })
	}
}

// anew is what becomes of pictures that are looked at.
var anew = []byte("encoded anew")

// look has all that waits looked at, and something made of it.
func (a *album) look(made []byte) {
	a.t.Helper()
	if err := a.Look(func(Unchecked) []byte { return made }); err != nil {
		a.t.Fatal(err)
	}
}

func (a *album) state(now time.Time) (s State) {
	a.t.Helper()
	err := a.store.View(func(tx *store.Tx) (err error) {
		s, err = a.State(tx, now, a.of)
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return s
}

// left is how many records of photos under way there are.
func (a *album) left() (n int) {
	count := func(string, any) error { n++; return nil }
	err := a.store.View(func(tx *store.Tx) error {
		return errors.Join(
			store.Each(tx, bucketParts, count), store.Each(tx, bucketPictures, count),
		)
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return n
}

// TestPartsComeInAnyOrder, before their post and after it, and more than once.
func TestPartsComeInAnyOrder(t *testing.T) {
	for before := range 4 {
		a := newAlbum(t)
		order := rand.New(rand.NewPCG(uint64(before), 1)).Perm(3)
		for i := range 3 {
			if i == before {
				a.expect()
				if s := a.state(noon); s.Where != Coming || s.Got != before || s.Of != 3 {
					t.Errorf("with %d parts: %+v", before, s)
				}
			}
			a.take(seven, a.parts[order[i]])
			if i == 0 {
				a.take(seven, a.parts[order[i]])
			}
		}
		if before == 3 {
			a.expect()
		}
		if s := a.state(noon); s.Where != Checking || s.Got != 3 {
			t.Errorf("before it was looked at: %+v", s)
		}
		if _, err := a.File("post", 0); !errors.Is(err, ErrNone) {
			t.Errorf("given out as it came: %v", err)
		}
		a.look(anew)
		got, err := a.File("post", 0)
		if err != nil || !bytes.Equal(got, anew) || a.state(noon).Where != Here || a.left() != 0 {
			t.Errorf("post after %d parts: %d bytes, %v, %+v", before, len(got), err, a.state(noon))
		}
	}
}

// TestPartsOfOtherFeeds, and of other pictures, are not taken for ours.
func TestPartsOfOtherFeeds(t *testing.T) {
	a := newAlbum(t)
	a.expect()
	other := a.parts[0]
	other.Hash[0] ^= 1
	a.take(eight, a.parts...)
	a.take(seven, other, a.parts[1], a.parts[2])
	if s := a.state(noon); s.Where != Coming || s.Got != 2 {
		t.Errorf("%+v", s)
	}
	a.take(seven, a.parts[0])
	a.look(anew)
	if s := a.state(noon); s.Where != Here {
		t.Errorf("the control: %+v", s)
	}
}

// TestPictureThatIsNotTheOne is thrown away, and told once, whatever of it comes later.
func TestPictureThatIsNotTheOne(t *testing.T) {
	for name, spoil := range map[string]func(*album){
		"content": func(a *album) { a.parts[1].Content = bytes.Repeat([]byte{1}, 64) },
		"shorter": func(a *album) { a.parts[2].Content = a.parts[2].Content[:3] },
		"size":    func(a *album) { a.of.About.Size-- },
	} {
		a := newAlbum(t)
		spoil(a)
		a.expect()
		a.take(seven, a.parts...)
		a.take(seven, a.parts...)
		if s := a.state(noon); s.Where != Bad || a.left() != 1 {
			t.Errorf("%s: %+v, %d records", name, s, a.left())
		}
		if _, err := a.File("post", 0); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := newAlbum(t)
	a.take(seven, a.parts[0])
	a.of.About.Size = 64 // one box, where a part says three
	a.expect()
	if s := a.state(noon); s.Where != Bad {
		t.Errorf("another number of boxes: %+v", s)
	}
}

// TestTwoPostsOfOnePicture both have it.
func TestTwoPostsOfOnePicture(t *testing.T) {
	a := newAlbum(t)
	a.expect()
	a.of.Post = "again"
	a.expect()
	a.take(seven, a.parts...)
	a.of.Post = "and again"
	a.expect() // before anybody has looked
	a.look(anew)
	for _, post := range []string{"post", "again", "and again"} {
		if got, err := a.File(post, 0); err != nil || !bytes.Equal(got, anew) {
			t.Errorf("%s: %v", post, err)
		}
	}
}

// TestLargePictureStaysAway: neither a post nor a part can have more kept than a photo may have.
func TestLargePictureStaysAway(t *testing.T) {
	a := newAlbum(t)
	a.of.About.Size = 64*content.MaxPhotoBoxes + 1
	a.expect()
	r := a.parts[0]
	r.Parts = content.MaxPhotoBoxes + 1
	a.take(seven, r)
	if a.left() != 0 {
		t.Errorf("%d records", a.left())
	}
	a.of.About.Size--
	a.expect()
	r.Parts--
	a.take(seven, r)
	if a.left() != 2 || a.state(noon).Got != 1 {
		t.Errorf("the control: %d records, %+v", a.left(), a.state(noon))
	}
}

// TestWhatDoesNotComeAnyMore is shown, whatever day its author claims, and its parts go.
func TestWhatDoesNotComeAnyMore(t *testing.T) {
	a := newAlbum(t)
	a.expect()
	a.take(seven, a.parts[0])
	a.take(nine, a.parts[1])
	last := genesis.Add(16*24*time.Hour + 23*time.Hour)
	for _, c := range []struct {
		now   time.Time
		where Where
		left  int
	}{{noon, Coming, 4}, {last, Coming, 4}, {last.Add(time.Hour), Expired, 0}} {
		if err := a.Turn(c.now); err != nil {
			t.Fatal(err)
		}
		if s := a.state(c.now); s.Where != c.where || a.left() != c.left {
			t.Errorf("%v: %+v, %d records", c.now, s, a.left())
		}
	}
}

func TestOwnPictureIsHere(t *testing.T) {
	a := newAlbum(t)
	if _, err := a.File("post", 0); !errors.Is(err, ErrNone) {
		t.Errorf("before: %v", err)
	}
	a.update(func(tx *store.Tx) error { return a.Keep(tx, "post", 0, jpeg, []byte("small")) })
	if s := a.state(noon); s.Where != Here || s.Got != 3 || string(s.Thumb) != "small" {
		t.Errorf("%+v", s)
	}
	a.of.Index = 1
	if s := a.state(noon); s.Where == Here {
		t.Errorf("its second one: %+v", s)
	}
	a.update(func(tx *store.Tx) error { return a.Keep(tx, "post", 1, jpeg[:9], nil) })
	got, err := a.File("post", 1)
	if s := a.state(noon); s.Where != Here || err != nil || len(got) != 9 {
		t.Errorf("%+v, %d bytes, %v", s, len(got), err)
	}
}

// TestDamagedRecordsOfPhotos end what they are part of.
func TestDamagedRecordsOfPhotos(t *testing.T) {
	a := newAlbum(t)
	a.update(func(tx *store.Tx) error {
		return tx.Put(bucketPictures, nameOf(seven, a.of.About.Hash), "?")
	})
	err := a.store.Update(func(tx *store.Tx) error { return a.Expect(tx, a.of) })
	err2 := a.store.Update(func(tx *store.Tx) error { return a.Take(tx, seven, 2, a.parts[0]) })
	err3 := a.store.View(func(tx *store.Tx) error { _, err := a.State(tx, noon, a.of); return err })
	for _, err := range []error{err, err2, err3, a.Turn(noon.AddDate(0, 0, 20))} {
		if !errors.Is(err, store.ErrForeign) {
			t.Errorf("%v", err)
		}
	}
}
