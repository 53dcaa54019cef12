// Package partstest is people with all their features, around holders of boxes in memory who answer
// at once, in virtual time: for the tests of what people do with each other.
package partstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"murmuration/client/backup"
	"murmuration/client/boxstream"
	"murmuration/client/contact"
	"murmuration/client/outbox"
	"murmuration/client/parts"
	"murmuration/client/person/persontest"
	"murmuration/client/photo"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
	"murmuration/internal/box"
)

// World is people, their holders, and the time.
type World struct {
	*persontest.Holders
	T       testing.TB
	Now     time.Time
	Network boxstream.Network
	People  []*Home
}

// New is a world without people, at noon.
func New(t testing.TB) *World {
	genesis := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	n := boxstream.Network{
		ID:       box.NetworkID{1, 2, 3},
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 8192},
		Calendar: box.Calendar{Genesis: genesis, Retention: 14},
		Listing:  3 * time.Minute,
	}
	return &World{
		Holders: persontest.NewHolders(n.Calendar), T: t, Now: genesis.Add(12 * time.Hour),
		Network: n,
	}
}

// Home is one computer of somebody, with the store and the sender under it.
type Home struct {
	*parts.Person
	World  *World
	Name   string
	Store  *store.Store
	Sender *persontest.Sender
	Off    bool // it does nothing, and nothing comes to it
	starts int
}

// Join is a new home.
func (w *World) Join(name string) *Home {
	h := &Home{World: w, Name: name, Store: store.Memory()}
	w.People = append(w.People, h)
	h.Start()
	return h
}

// Start is what a client does with a home, the first time and after a restart.
func (h *Home) Start() {
	h.World.T.Helper()
	h.load()
	h.Sender = h.World.Sender()
	h.Must(h.Begin(h.World.Now, h.Sender))
}

func (h *Home) load() {
	h.World.T.Helper()
	h.starts++
	seed := [32]byte{}
	copy(seed[:], fmt.Sprintf("%s %d", h.Name, h.starts))
	var err error
	h.Person, err = parts.New(parts.Config{
		Name: h.Name, Network: h.World.Network, Store: h.Store, Random: rand.NewChaCha8(seed),
		Pace: outbox.Pace{
			Hold: 20 * time.Second, Listing: 2 * time.Minute, Again: 30 * time.Second,
		},
	})
	h.Must(err)
	h.Must(h.Load())
}

// Restore is a home that is made of a backup of this one: another device of the same person, which
// this one vouches for if it is linked.
func (h *Home) Restore(linked bool) *Home {
	h.World.T.Helper()
	var key [32]byte
	if linked {
		h.Must(h.Store.Update(func(tx *store.Tx) (err error) {
			key, err = h.Relations.Link(tx, h.World.Now)
			return err
		}))
	}
	var file bytes.Buffer
	under := backup.Seal{Passphrase: []byte("sesame"), Work: 1}
	h.Must(h.Store.View(func(tx *store.Tx) error {
		head := backup.Head{Version: 1, Name: h.Name, Made: h.World.Now.Unix()}
		return backup.Write(&file, under, head, tx)
	}))
	from, err := backup.Open(&file, under.Passphrase)
	h.Must(err)
	other := &Home{
		World: h.World, Name: h.Name, Store: store.Memory(), starts: 100 * (h.starts + 1),
	}
	h.Must(other.Store.Update(func(tx *store.Tx) error { return fill(tx, from) }))
	other.load()
	h.Must(other.Store.Update(func(tx *store.Tx) error {
		if err := other.Restored(tx, h.World.Now); err != nil || !linked {
			return err
		}
		return other.Relations.Linked(tx, h.World.Now, key)
	}))
	h.World.People = append(h.World.People, other)
	other.Start()
	return other
}

// Copy is a copy of this home's directory that is started beside it.
func (h *Home) Copy() *Home {
	h.World.T.Helper()
	other := &Home{
		World: h.World, Name: h.Name, Store: store.Memory(), starts: 100 * (h.starts + 1),
	}
	h.Must(h.Store.View(func(from *store.Tx) error {
		return other.Store.Update(func(to *store.Tx) (err error) {
			for bucket := range backup.Buckets {
				err = errors.Join(err, from.Walk(bucket, func(name string, v []byte) error {
					return to.Copy(bucket, name, v)
				}))
			}
			return err
		})
	}))
	h.World.People = append(h.World.People, other)
	other.Start()
	return other
}

func fill(tx *store.Tx, from *backup.Reader) error {
	for {
		r, err := from.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = tx.Copy(r.Bucket, r.Name, r.Value)
		}
		if err != nil {
			return err
		}
	}
}

// Must ends the test if there is an error.
func (h *Home) Must(err error) {
	h.World.T.Helper()
	if err != nil {
		h.World.T.Fatalf("%s: %v", h.Name, err)
	}
}

// Wait lets so much time pass for all who are not off, by the minute.
func (w *World) Wait(long time.Duration) { w.Pass(long, time.Minute) }

// Pass is Wait in longer or shorter steps.
func (w *World) Pass(long, step time.Duration) {
	w.T.Helper()
	for end := w.Now.Add(long); w.Now.Before(end); w.Now = w.Now.Add(step) {
		for _, h := range w.People {
			if h.Off {
				continue
			}
			h.Whole(w.Network.FirstOpen(w.Now))
			h.Must(h.Sender.Step(w.Now, h.Person.Person))
			// pictures are noise here, and all of it is taken for pictures
			h.Must(h.Photos.Look(func(u photo.Unchecked) []byte { return u.File }))
		}
	}
}

// Meet makes two people contacts by an invitation; each calls the other by their name in small
// letters.
func (w *World) Meet(a, b *Home) {
	w.T.Helper()
	made, err := a.Contacts.Invite(w.Now, contact.Making{Days: 12, Alias: b.Alias()})
	a.Must(err)
	w.Wait(6 * time.Minute)
	t, err := ticket.Parse(made.URI())
	b.Must(err)
	seen, err := b.Contacts.Look(w.Now, t)
	b.Must(err)
	w.Wait(6 * time.Minute)
	_, err = b.Contacts.Accept(w.Now, seen.ID, a.Alias())
	b.Must(err)
	w.Wait(10 * time.Minute)
	if a.To(b) != b.To(a) {
		w.T.Fatal("one relation has two ids")
	}
}

// Alias is what others call somebody.
func (h *Home) Alias() string { return strings.ToLower(h.Name) }

// To is the relation with somebody.
func (h *Home) To(other *Home) relation.ID {
	h.World.T.Helper()
	k, err := h.Contacts.Find(other.Alias())
	h.Must(err)
	return k.Relation
}

// Say says something to somebody's room that no room of this person would say.
func (h *Home) Say(to *Home, kind relation.Kind, content []byte) {
	h.World.T.Helper()
	h.Must(h.Store.Update(func(tx *store.Tx) error {
		_, err := h.Relations.Say(tx, h.World.Now, h.To(to), relation.Saying{
			Kind: kind, Content: content,
		})
		return err
	}))
}
