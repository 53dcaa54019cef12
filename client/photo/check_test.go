package photo

import (
	"bytes"
	"errors"
	"testing"

	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/store"
)

// script is what somebody sends in place of a thumbnail.
var script = []byte("<script>alert(1)</script>")

// TestNothingIsShownAsItCame: a thumbnail and a whole wait, through restarts, until somebody gives
// them back encoded anew; each is asked for once, thumbnails first.
func TestNothingIsShownAsItCame(t *testing.T) {
	a := newAlbum(t)
	a.of.About.Thumb, a.of.About.Width, a.of.About.Height = script, 7, 5
	a.take(seven, a.parts...)
	a.expect()
	for range 2 {
		if s := a.state(noon); s.Where != Checking || s.Thumb != nil || a.Waiting() != 2 {
			t.Errorf("%+v, %d wait", s, a.Waiting())
		}
		a.Photos = New(person.New(a.store), a.store, network) // the next start
		if err := a.store.View(a.Load); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []Unchecked{
		{File: script, Thumb: true}, {File: jpeg, Width: 7, Height: 5},
	} {
		u, ok, err := a.Unchecked()
		if err != nil || !ok || !bytes.Equal(u.File, want.File) || u.Thumb != want.Thumb ||
			u.Width != want.Width || u.Height != want.Height {
			t.Fatalf("%+v, %v, %v", u, ok, err)
		}
		a.check(a.Checked(u, anew))
		if err := a.Checked(u, nil); err != nil {
			t.Errorf("a second time: %v", err)
		}
	}
	if _, ok, err := a.Unchecked(); ok || err != nil || a.Waiting() != 0 {
		t.Errorf("something waits: %v", err)
	}
	if s := a.state(noon); s.Where != Here || !bytes.Equal(s.Thumb, anew) || a.left() != 0 {
		t.Errorf("%+v, %d records", s, a.left())
	}
	a.update(func(tx *store.Tx) error { return a.Forget(tx, "post", 0) })
	if s := a.state(noon); s.Where == Here || s.Thumb != nil {
		t.Errorf("forgotten: %+v", s)
	}
}

func (a *album) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// TestForgottenPicturesDoNotCome: what is under way, or waits to be looked at, goes with its post,
// and stays where another post shows it too.
func TestForgottenPicturesDoNotCome(t *testing.T) {
	for when, parts := range map[string]int{"under way": 2, "to be looked at": 3} {
		a := newAlbum(t)
		a.of.About.Thumb = script
		a.expect()
		another := a.of
		another.Post = "another"
		a.update(func(tx *store.Tx) error { return a.Expect(tx, another) })
		a.take(seven, a.parts[:parts]...)
		a.update(func(tx *store.Tx) error { return a.Forget(tx, "post", 0) })
		if s := a.state(noon); a.Waiting() != parts-1 || s.Thumb != nil {
			t.Errorf("%s: %d wait", when, a.Waiting())
		}
		a.update(func(tx *store.Tx) error { return a.Forget(tx, "another", 0) })
		if a.Waiting() != 0 || a.left() != 0 {
			t.Errorf("%s: %d wait, %d records", when, a.Waiting(), a.left())
		}
	}
	a := newAlbum(t)
	a.expect()
	a.take(seven, a.parts...)
	a.of.Post = "another"
	a.expect()
	a.update(func(tx *store.Tx) error { return a.Forget(tx, "post", 0) })
	a.look(anew)
	if _, err := a.File("post", 0); !errors.Is(err, ErrNone) || a.state(noon).Where != Here {
		t.Errorf("the control: %v, %+v", err, a.state(noon))
	}
}

// TestForgottenWhileLookedAt: a decoder takes its time, and its author can take the post back
// meanwhile, which must not be the end of the program.
func TestForgottenWhileLookedAt(t *testing.T) {
	a := newAlbum(t)
	a.of.About.Thumb = script
	a.expect()
	a.take(seven, a.parts...)
	thumb, _, err := a.Unchecked()
	a.check(err)
	a.update(func(tx *store.Tx) error { return a.Forget(tx, "post", 0) })
	a.check(a.Checked(thumb, anew))
	if _, err := a.File("post", 0); !errors.Is(err, ErrNone) || a.left() != 0 || a.Waiting() != 0 {
		t.Errorf("%v, %d records, %d wait", err, a.left(), a.Waiting())
	}
	if s := a.state(noon); s.Thumb != nil {
		t.Errorf("%+v", s)
	}
}

// TestWhatIsNoPicture is thrown away and said once, whatever comes of it later; a thumbnail that is
// none costs the thumbnail alone.
func TestWhatIsNoPicture(t *testing.T) {
	a := newAlbum(t)
	p := person.New(a.store)
	a.Photos = New(p, a.store, network)
	a.of.About.Thumb = script
	a.expect()
	a.look(nil)
	if s := a.state(noon); s.Where != Coming || s.Thumb != nil || len(p.Notices()) != 1 {
		t.Errorf("a thumbnail: %+v", s)
	}
	a.take(seven, a.parts...)
	a.look(nil)
	a.take(seven, a.parts...)
	if s := a.state(noon); s.Where != Bad || a.Waiting() != 0 || len(p.Notices()) != 1 {
		t.Errorf("%+v, %d wait", s, a.Waiting())
	}
	if _, err := a.File("post", 0); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
	a.of.Post, a.of.About.Width = "another", 9 // the same file, of another size
	a.expect()
	if s := a.state(noon); s.Where != Bad {
		t.Errorf("%+v", s)
	}
}

// TestFullDiskKeepsPicturesWaiting, and nothing of them is lost.
func TestFullDiskKeepsPicturesWaiting(t *testing.T) {
	a := newAlbum(t)
	full := false
	a.store.Free = func(string) (uint64, error) {
		if full {
			return 0, nil
		}
		return 1 << 40, nil
	}
	a.expect()
	a.take(seven, a.parts...)
	u, _, err := a.Unchecked()
	a.check(err)
	full = true
	if err := a.Checked(u, anew); !errors.Is(err, store.ErrFull) || a.Waiting() != 1 {
		t.Errorf("%v, %d wait", err, a.Waiting())
	}
	full = false
	a.look(anew)
	if s := a.state(noon); s.Where != Here {
		t.Errorf("the control: %+v", s)
	}
}

// TestTwoSizesOfOneFile: of one hash there is one picture, and two posts that say two sizes of it
// cannot both be right.
func TestTwoSizesOfOneFile(t *testing.T) {
	a := newAlbum(t)
	a.of.About.Width, a.of.About.Height = 3, 4
	a.expect()
	other := a.of
	other.Post, other.About = "other", content.Photo{
		Hash: a.of.About.Hash, Size: a.of.About.Size, Width: 4, Height: 3,
	}
	a.update(func(tx *store.Tx) error { return a.Expect(tx, other) })
	a.take(seven, a.parts...)
	if s := a.state(noon); s.Where != Bad || a.Waiting() != 0 {
		t.Errorf("%+v", s)
	}
}
