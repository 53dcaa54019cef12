package client_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/client/boxstream"
	"murmuration/client/content"
	"murmuration/client/feed"
	"murmuration/client/photo"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// forger writes what it likes into a town's boxes.
type forger struct {
	*town
	cap    *box.WriteCap
	before box.Index
}

func (tn *town) newForger(seed byte) *forger {
	c, err := box.NewWriteCap(rand.NewChaCha8([32]byte{seed}))
	if err != nil {
		tn.t.Fatal(err)
	}
	return &forger{tn, c, c.Start()}
}

func (f *forger) day() box.Day { return box.DayOf(f.genesis.Start, time.Now()) }

func (f *forger) stream() boxstream.Start { return boxstream.NewStart(f.cap.ReadCap(), f.before) }

func (f *forger) put(plaintext []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = f.before.Next()
	b := f.cap.Seal(f.before, box.NetworkID(f.genesis.ID()), f.day(), plaintext)
	f.boxes[b.ID] = b
}

func (f *forger) post(p content.Post) {
	p.Name, p.Time = "Mallory", time.Now().Unix()
	said, err := p.Marshal(f.format.ContentSize())
	if err != nil {
		f.t.Fatal(err)
	}
	f.put(f.format.Split(content.KindPost, said)[0].Marshal(f.format))
}

func TestDishonestAuthor(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Bob"}, func(tn *town, people ...*resident) {
		bob := people[0]
		mallory, pictures := tn.newForger(1), tn.newForger(2)
		link := feed.Link{Network: feed.NetworkOf(box.NetworkID(tn.genesis.ID())), FirstDay: mallory.day(), Stream: mallory.stream()}
		bob.follow(link.String(), "")

		garbage := make([]byte, tn.format.Plaintext)
		garbage[0] = 200
		mallory.put(garbage)
		mallory.put(box.Record{Kind: content.KindPhoto, Parts: 1, Content: []byte("no post")}.Marshal(tn.format))
		mallory.put(box.Record{Kind: content.KindPost, Parts: 1, Content: []byte("no CBOR")}.Marshal(tn.format))
		promised := [32]byte{1, 2, 3}
		mallory.post(content.Post{Text: "see", Photo: &content.Photo{
			Hash: promised, Size: 30, Width: 5, Height: 5, Day: mallory.day(), Stream: pictures.stream()}})
		pictures.put(box.Record{Kind: content.KindPhoto, Parts: 1, Hash: promised, Content: make([]byte, 30)}.Marshal(tn.format))

		await(t, "post behind the garbage", 10*time.Minute, func() bool { return bob.read() != "" })
		if bob.read() != "“Mallory”: see\n" {
			t.Errorf("Bob reads %q", bob.read())
		}
		posts, _ := bob.Timeline(1)
		if _, err := bob.FetchPhoto(posts[0].ID); err != nil {
			t.Fatal(err)
		}
		await(t, "verdict", 10*time.Minute, func() bool {
			_, err := bob.FetchPhoto(posts[0].ID)
			return err != nil && strings.Contains(err.Error(), photo.ErrBad.Error())
		})
		if posts, _ := bob.Timeline(1); posts[0].Picture.Where != "bad" {
			t.Errorf("the photo is %q", posts[0].Picture.Where)
		}
	})
}

// TestWrongPartsOfAPhoto: a part of another file, or of another place in the file, is not taken for one.
func TestWrongPartsOfAPhoto(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Bob"}, func(tn *town, people ...*resident) {
		bob := people[0]
		mallory, pictures := tn.newForger(1), tn.newForger(2)
		link := feed.Link{Network: feed.NetworkOf(box.NetworkID(tn.genesis.ID())), FirstDay: mallory.day(), Stream: mallory.stream()}
		bob.follow(link.String(), "")
		records := tn.format.Split(content.KindPhoto, noise(t, 90, 90))
		if len(records) < 4 {
			t.Fatalf("%d parts", len(records))
		}
		mallory.post(content.Post{Text: "see", Photo: &content.Photo{
			Hash: records[0].Hash, Size: len(noise(t, 90, 90)), Width: 90, Height: 90, Day: mallory.day(), Stream: pictures.stream()}})
		for i, r := range records {
			switch i {
			case 0:
				r.Hash[0] ^= 1
			case 1:
				r.Part = 2
			case 2:
				r.Kind = content.KindPost
			}
			pictures.put(r.Marshal(tn.format))
		}
		await(t, "post", 10*time.Minute, func() bool { return bob.read() != "" })
		posts, err := bob.Timeline(1)
		if err != nil {
			t.Fatal(err)
		}
		state := func() photo.State {
			s, err := bob.FetchPhoto(posts[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		right := len(records) - 3
		await(t, "the right parts", 10*time.Minute, func() bool { return state().Got >= right }) // the control
		<-time.After(time.Minute)
		if s := state(); s.Got != right || s.Where == photo.Here {
			t.Errorf("%+v, though %d parts are right", s, right)
		}
	})
}

// TestSplitNetworkIsNoticed lets the other providers have other documents than the client was given.
func TestSplitNetworkIsNoticed(t *testing.T) {
	t.Parallel()
	for _, honest := range []bool{true, false} {
		par := slowTown()
		par.EpochLength = 4 * time.Minute
		par.Grace = par.EpochLength / 4
		inTown(t, par, []string{"Ada"}, func(tn *town, people ...*resident) {
			asked := 0
			tn.mu.Lock()
			tn.signed = func(e directory.Epoch) directory.Digest {
				asked++
				d := tn.sign(e).Digest()
				if !honest {
					d[0] ^= 1
				}
				return d
			}
			tn.mu.Unlock()
			<-time.After(2 * par.EpochLength)
			trouble := people[0].Status().Trouble
			tn.mu.Lock()
			defer tn.mu.Unlock()
			if asked == 0 || asked > 3 || honest != (len(trouble) == 0) {
				t.Errorf("honest %v: asked %d times in two epochs, trouble %v", honest, asked, trouble)
			}
		})
	}
}

// TestForgedDocumentIsRefused lets somebody sign who is no authority.
func TestForgedDocumentIsRefused(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), nil, func(tn *town, _ ...*resident) {
		tn.mu.Lock()
		honest := tn.author
		tn.author = directory.NewIdentity([32]byte{66})
		tn.mu.Unlock()
		ada := tn.settle(t, "Ada")
		defer func() {
			if err := ada.stop(); err != nil {
				t.Error(err)
			}
		}()
		<-time.After(5 * time.Minute)
		if s := ada.Status(); s.Connected || s.Document != 0 || len(s.Trouble) == 0 {
			t.Errorf("with a forged document: %+v", s)
		}
		tn.mu.Lock()
		tn.author = honest
		tn.mu.Unlock()
		await(t, "connection", time.Hour, func() bool { return ada.Status().Connected })
	})
}

// TestDocumentsAreFetchedByStrangers: who serves a document learns nothing about whose client asks.
func TestDocumentsAreFetchedByStrangers(t *testing.T) {
	t.Parallel()
	par := slowTown()
	par.EpochLength = 4 * time.Minute
	par.Grace = par.EpochLength / 4
	inTown(t, par, []string{"Ada"}, func(tn *town, people ...*resident) {
		<-time.After(4 * par.EpochLength)
		tn.mu.Lock()
		defer tn.mu.Unlock()
		seen := map[link.PublicKey]bool{}
		for _, key := range tn.askers {
			if seen[key] || tn.spools[key] != nil {
				t.Error("a key asks for documents twice, or has a spool")
			}
			seen[key] = true
		}
		if len(seen) < 4 || len(tn.spools) != 1 {
			t.Errorf("the control: %d documents fetched, %d spools", len(seen), len(tn.spools))
		}
	})
}

// TestDishonestHolder gives boxes whose ciphertext was changed: they are asked for again, and read
// when an honest answer comes.
func TestDishonestHolder(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		lies := 0
		tn.mu.Lock()
		tn.twist = func(r *box.Reply) {
			if r.Status == box.StatusFound && lies < 3 {
				lies++
				r.Box.Ciphertext = append([]byte{r.Box.Ciphertext[0] ^ 1}, r.Box.Ciphertext[1:]...)
			}
		}
		tn.mu.Unlock()
		ada.say(client.Draft{Text: "true"})
		await(t, "post", 10*time.Minute, func() bool { return bob.read() != "" })
		tn.mu.Lock()
		defer tn.mu.Unlock()
		if lies != 3 || bob.read() != "ada: true\n" {
			t.Errorf("after %d lies Bob reads %q", lies, bob.read())
		}
	})
}

// TestHolderThatDoesNotTakeWrites is full at first, then says that the box is not its own; the author
// goes on until it is taken.
func TestHolderThatDoesNotTakeWrites(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Ada"}, func(tn *town, people ...*resident) {
		ada := people[0]
		ada.publish()
		said := []box.Status{box.StatusFull, box.StatusNotFound, box.StatusFull}
		tn.mu.Lock()
		tn.twist = func(r *box.Reply) {
			if r.Status == box.StatusStored && len(said) > 0 {
				r.Status, said = said[0], said[1:]
			}
		}
		tn.mu.Unlock()
		ada.say(client.Draft{Text: "at last"})
		await(t, "acknowledgement", 10*time.Minute, func() bool { return ada.Outbox()[0].State == "stored" })
		tn.mu.Lock()
		defer tn.mu.Unlock()
		if len(said) != 0 {
			t.Errorf("stored though %v was still to come", said)
		}
	})
}
