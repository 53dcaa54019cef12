package parts_test

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/photo"
	"murmuration/client/picture"
)

// looked is what becomes of a picture when it is looked at, in this process for once.
func looked(u photo.Unchecked) []byte {
	made, err := picture.RenewThumb(u.File)
	if !u.Thumb {
		made, err = picture.Renew(u.File, u.Width, u.Height)
	}
	if err != nil {
		return nil
	}
	return made
}

// TestPicturesOfStrangers: a drawing that names another computer, announced as a photo, and a
// thumbnail that is a script, are seen by nobody; what is a picture is seen without what came with
// it.
func TestPicturesOfStrangers(t *testing.T) {
	h := newHolder(t)
	bob, author := h.join("Bob"), h.forger(1)
	bob.follow(author.link(), "")
	var honest bytes.Buffer
	if err := jpeg.Encode(&honest, image.NewGray(image.Rect(0, 0, 16, 9)), nil); err != nil {
		t.Fatal(err)
	}
	file := honest.Bytes()
	file = append(file[:2:2], append([]byte("\xff\xfe\x00\x08canary"), file[2:]...)...)
	for name, c := range map[string]struct {
		file, thumb []byte
		where       photo.Where
	}{
		"drawing": {[]byte("<svg><image href='https://x/'/></svg>"), []byte("<script>1</script>"),
			photo.Bad},
		"a photo": {file, file, photo.Here},
	} {
		author.post(content.Post{Text: name, Photos: []content.Photo{{
			Hash: sha256.Sum256(c.file), Size: len(c.file), Width: 16, Height: 9, Thumb: c.thumb,
		}}})
		parts := h.network.Format.Split(content.KindPhoto, c.file)
		for _, r := range parts {
			author.put(r)
		}
		for range 3 {
			if err := bob.sender.Step(h.now, bob.Person.Person); err != nil {
				t.Fatal(err)
			}
			h.now = h.now.Add(time.Minute)
		}
		p := bob.posts()[0].Photos[0]
		if p.State.Where != photo.Checking || p.State.Thumb != nil {
			t.Errorf("%s: before anybody looked: %+v", name, p.State)
		}
		if err := bob.Photos.Look(looked); err != nil {
			t.Fatal(err)
		}
		p = bob.posts()[0].Photos[0]
		if p.State.Where != c.where || (p.State.Thumb != nil) != (c.where == photo.Here) {
			t.Errorf("%s: %+v", name, p.State)
		}
		shown, err := bob.Photos.File(bob.posts()[0].ID, 0)
		if (err == nil) != (c.where == photo.Here) {
			t.Errorf("%s: %d bytes, %v", name, len(shown), err)
		}
		for _, made := range [][]byte{shown, p.State.Thumb} {
			if made == nil {
				continue
			}
			_, _, err := picture.Plain(made)
			if err != nil || bytes.Contains(made, []byte("canary")) {
				t.Errorf("%s: %q, %v", name, made, err)
			}
		}
	}
	if n := bob.Notices(); len(n) != 2 {
		t.Errorf("he is told %+v", n)
	}
}

// TestPostTakenBack: its reader sees nothing of it and is told nothing, and reads what comes after
// it.
func TestPostTakenBack(t *testing.T) {
	h := newHolder(t)
	ada, bob := h.join("Ada"), h.join("Bob")
	bob.follow(ada.publish(), "ada")
	ada.Online(false)
	id := ada.say("a slip", noise(900)...)
	if err := ada.Outbox.Cancel(h.now, id); err != nil {
		t.Fatal(err)
	}
	if _, err := ada.Photos.File(id, 0); err == nil || ada.reads() != "" {
		t.Errorf("she reads %q", ada.reads())
	}
	ada.Online(true)
	ada.say("what she means")
	h.wait(8*time.Minute, ada, bob)
	if bob.reads() != "ada: what she means\n" || len(bob.Notices()) != 0 {
		t.Errorf("he reads %q", bob.reads())
	}
	entries := ada.Outbox.Entries()
	if len(entries) != 2 || entries[1].State != outbox.Cancelled || entries[1].Says != "a slip" ||
		entries[0].State != outbox.Kept || ada.Outbox.Waiting() != 0 {
		t.Errorf("%+v", entries)
	}
	late := ada.say("said once")
	h.wait(2*time.Minute, ada)
	if err := ada.Outbox.Cancel(h.now, late); err == nil ||
		!strings.Contains(ada.reads(), "said once") {
		t.Errorf("the control: %v, she reads %q", err, ada.reads())
	}
}
