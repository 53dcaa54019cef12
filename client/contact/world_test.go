package contact_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/contact"
	"murmuration/client/cover"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/person/persontest"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
	"murmuration/internal/box"
)

// world is people around the holders of boxes, in virtual time.
type world struct {
	*persontest.Holders
	t       testing.TB
	now     time.Time
	network boxstream.Network
	people  []*home
	step    time.Duration
}

func newWorld(t testing.TB) *world {
	genesis := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	n := boxstream.Network{
		ID:       box.NetworkID{1, 2, 3},
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 8192},
		Calendar: box.Calendar{Genesis: genesis, Retention: 14},
		Listing:  3 * time.Minute,
	}
	return &world{
		Holders: persontest.NewHolders(n.Calendar), t: t, now: genesis.Add(12 * time.Hour),
		network: n, step: time.Minute,
	}
}

// home is somebody, with the store and the sender under them.
type home struct {
	*contact.Contacts
	w      *world
	name   string
	number int
	starts int
	store  *store.Store
	person *person.Person
	sender *persontest.Sender
	rel    *relation.Relations
	heard  []string // messages
	off    bool
}

func (w *world) join(name string) *home {
	h := &home{w: w, name: name, number: len(w.people), store: store.Memory()}
	w.people = append(w.people, h)
	h.start()
	return h
}

// start is what a client does with a home, the first time and after a restart.
func (h *home) start() {
	h.w.t.Helper()
	h.starts++
	seed := [32]byte{}
	copy(seed[:], fmt.Sprint(h.number, h.name, h.starts))
	random := rand.NewChaCha8(seed)
	p := person.New(h.store)
	o, err := outbox.New(p, outbox.Config{
		Store: h.store, Network: h.w.network, Random: random, Pace: outbox.Pace{
			Hold: 20 * time.Second, Listing: 2 * time.Minute, Again: 30 * time.Second,
		},
	})
	h.check(err)
	c, err := cover.New(p, cover.Config{
		Store: h.store, Network: h.w.network, Random: random, Outbox: o,
	})
	h.check(err)
	h.rel, err = relation.New(p, relation.Config{
		Store: h.store, Network: h.w.network, Random: random, Outbox: o, Cover: c,
	})
	h.check(err)
	h.rel.Serve(relation.KindMessage, h)
	h.Contacts, err = contact.New(p, contact.Config{
		Name: h.name, Store: h.store, Network: h.w.network, Random: random, Outbox: o, Cover: c,
		Relations: h.rel,
	})
	h.check(err)
	h.person, h.sender = p, h.w.Sender()
	h.check(errors.Join(p.Load(), p.Begin(h.w.now, h.sender)))
}

func (h *home) check(err error) {
	h.w.t.Helper()
	if err != nil {
		h.w.t.Fatal(h.name, err)
	}
}

// Heard is what a room does with what is said to it.
func (h *home) Heard(tx *store.Tx, _ time.Time, said relation.Heard) error {
	tx.After(func() {
		h.heard = append(h.heard, h.Name(said.Relation)+": "+string(said.Content))
	})
	return nil
}

func (h *home) say(to, text string) {
	h.w.t.Helper()
	k, err := h.Find(to)
	h.check(err)
	h.check(h.store.Update(func(tx *store.Tx) error {
		_, err := h.rel.Say(tx, h.w.now, k.Relation, relation.Saying{
			Kind: relation.KindMessage, Content: []byte(text), Quick: true,
		})
		return err
	}))
}

// wait lets so much time pass for all who are not off.
func (w *world) wait(long time.Duration) {
	w.t.Helper()
	for end := w.now.Add(long); w.now.Before(end); w.now = w.now.Add(w.step) {
		for _, h := range w.people {
			if h.off {
				continue
			}
			h.person.Whole(w.network.FirstOpen(w.now))
			if err := h.sender.Step(w.now, h.person); err != nil {
				w.t.Fatal(h.name, err)
			}
		}
	}
}

func (h *home) invite(m contact.Making) contact.Invitation {
	h.w.t.Helper()
	if m.Days == 0 {
		m.Days = 12
	}
	i, err := h.Invite(h.w.now, m)
	h.check(err)
	return i
}

func (h *home) look(uri string) contact.Invitation {
	h.w.t.Helper()
	t, err := ticket.Parse(uri)
	h.check(err)
	i, err := h.Look(h.w.now, t)
	h.check(err)
	return i
}

// accept says yes at once, whether or not the card is here.
func (h *home) accept(uri, alias string) contact.Invitation {
	h.w.t.Helper()
	i, err := h.Accept(h.w.now, h.look(uri).ID, alias)
	h.check(err)
	return i
}

func (h *home) state(id string) contact.State {
	h.w.t.Helper()
	i, err := h.Invitation(h.w.now, id)
	h.check(err)
	return i.State
}

// names is whom somebody knows.
func (h *home) names() string {
	var all []string
	for _, k := range h.List() {
		all = append(all, k.Name())
	}
	return strings.Join(all, ", ")
}

// meet brings two people together, who give each other the names that they claim.
func (w *world) meet(a, b *home) {
	w.t.Helper()
	b.accept(a.invite(contact.Making{Alias: b.name}).URI(), a.name)
	w.wait(10 * time.Minute)
	if _, err := a.Find(b.name); err != nil {
		w.t.Fatal(err)
	}
	if _, err := b.Find(a.name); err != nil {
		w.t.Fatal(err)
	}
}

func (h *home) lines(of string) string {
	h.w.t.Helper()
	k, err := h.Find(of)
	h.check(err)
	var all []contact.Line
	h.check(h.store.View(func(tx *store.Tx) (err error) {
		all, err = h.Lines(tx, k.Relation)
		return err
	}))
	text := ""
	for _, l := range all {
		text += l.What + "\n"
	}
	return text
}

func (h *home) words(of string) string {
	h.w.t.Helper()
	_, what, err := h.Compare(of)
	h.check(err)
	four := what.Words()
	return strings.Join(four[:], " ")
}
