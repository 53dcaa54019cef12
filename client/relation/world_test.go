package relation_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"murmuration/client/backup"
	"murmuration/client/boxstream"
	"murmuration/client/cover"
	"murmuration/client/outbox"
	"murmuration/client/person"
	"murmuration/client/person/persontest"
	"murmuration/client/relation"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// world is people around the holders of boxes, in virtual time.
type world struct {
	*persontest.Holders
	t       testing.TB
	now     time.Time
	network boxstream.Network
	people  []*device
	step    time.Duration
}

func newWorld(t testing.TB) *world {
	genesis := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	n := boxstream.Network{
		Format:   box.Format{Plaintext: box.RecordHeaderSize + 8192},
		Calendar: box.Calendar{Genesis: genesis, Retention: 14},
		Listing:  3 * time.Minute,
	}
	return &world{
		Holders: persontest.NewHolders(n.Calendar), t: t, now: genesis.Add(12 * time.Hour),
		network: n, step: time.Minute,
	}
}

// device is one computer of somebody, with the store and the sender under it.
type device struct {
	*relation.Relations
	w      *world
	name   string
	seed   uint64
	store  *store.Store
	person *person.Person
	sender *persontest.Sender
	outbox *outbox.Outbox
	id     relation.ID // of the relation that it has with the other person
	heard  []string
	events []relation.Event
	last   time.Time // when the last event happened
	off    bool
}

func (w *world) device(name string) *device {
	d := &device{w: w, name: name, store: store.Memory()}
	w.people = append(w.people, d)
	d.start()
	return d
}

// start is what a client does with a home, the first time and after a restart.
func (d *device) start() {
	d.w.t.Helper()
	d.seed++
	seed := [32]byte{}
	copy(seed[:], fmt.Sprintf("%s %d", d.name, d.seed))
	random := rand.NewChaCha8(seed)
	p := person.New(d.store)
	o, err := outbox.New(p, outbox.Config{
		Store: d.store, Network: d.w.network, Random: random, Pace: outbox.Pace{
			Hold: 20 * time.Second, Listing: 2 * time.Minute, Again: 30 * time.Second,
		},
	})
	if err != nil {
		d.w.t.Fatal(err)
	}
	c, err := cover.New(p, cover.Config{
		Store: d.store, Network: d.w.network, Random: random, Outbox: o,
	})
	if err != nil {
		d.w.t.Fatal(err)
	}
	d.Relations, err = relation.New(p, relation.Config{
		Store: d.store, Network: d.w.network, Random: random, Outbox: o, Cover: c,
	})
	if err != nil {
		d.w.t.Fatal(err)
	}
	d.Serve(relation.KindMessage, d)
	d.Watch(func(_ *store.Tx, now time.Time, e relation.Event) error {
		d.events, d.last = append(d.events, e), now
		return nil
	})
	d.person, d.outbox, d.sender = p, o, d.w.Sender()
	if err := errors.Join(p.Load(), p.Begin(d.w.now, d.sender)); err != nil {
		d.w.t.Fatal(err)
	}
}

// Heard is what a room does with what is said to it.
func (d *device) Heard(tx *store.Tx, _ time.Time, h relation.Heard) error {
	tx.After(func() { d.heard = append(d.heard, string(h.Content)) })
	return nil
}

func (d *device) update(do func(tx *store.Tx) error) {
	d.w.t.Helper()
	if err := d.store.Update(do); err != nil {
		d.w.t.Fatal(err)
	}
	if err := d.person.Supply(d.w.now); err != nil {
		d.w.t.Fatal(err)
	}
}

func (d *device) say(text string) (said relation.Said) {
	d.w.t.Helper()
	d.update(func(tx *store.Tx) (err error) {
		said, err = d.Say(tx, d.w.now, d.id, relation.Saying{
			Kind: relation.KindMessage, Content: []byte(text), Name: d.name + ": " + text,
		})
		return err
	})
	return said
}

// wait lets so much time pass for all who are not off.
func (w *world) wait(long time.Duration) {
	w.t.Helper()
	for end := w.now.Add(long); w.now.Before(end); w.now = w.now.Add(w.step) {
		w.person()
	}
}

// pass lets days pass, with a few looks at what there is each day.
func (w *world) pass(days int) {
	w.step = 4 * time.Hour
	w.wait(time.Duration(days) * oneDay)
	w.step = time.Hour
}

func (w *world) person() {
	w.t.Helper()
	for _, d := range w.people {
		if d.off {
			continue
		}
		if err := d.sender.Step(w.now, d.person); err != nil {
			w.t.Fatal(err)
		}
		if !d.sender.Lossy { // it has read all bulletins
			d.person.Whole(w.network.FirstOpen(w.now))
		}
	}
}

// meet is what an invitation does: two people know of each other what a relation needs.
func (w *world) meet(a, b *device) { w.meetAs(a, b, 1) }

func (w *world) meetAs(a, b *device, number byte) {
	w.t.Helper()
	secret := [32]byte{number, 2, 3}
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	fa, err := a.Fresh(w.now)
	must(err)
	fb, err := b.Fresh(w.now)
	must(err)
	fb, card, err := b.Knock(fb, w.now)
	must(err)
	fa, answer, err := a.Answer(fa, secret, card, w.now)
	must(err)
	fb, err = b.Answered(fb, secret, answer, w.now)
	must(err)
	for _, one := range []struct {
		d     *device
		f     relation.Fresh
		their boxstream.Start
	}{{a, fa, fb.Door()}, {b, fb, fa.Door()}} {
		one.d.update(func(tx *store.Tx) (err error) {
			one.d.id, err = one.d.Begin(tx, w.now, one.f, secret, one.their)
			return err
		})
	}
	if a.id != b.id {
		w.t.Fatal("one relation has two ids")
	}
}

// hears fails unless a device heard these, in any order, each once.
func (d *device) hears(want ...string) {
	d.w.t.Helper()
	got := slices.Clone(d.heard)
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		d.w.t.Errorf("%s heard %q, not %q", d.name, got, want)
	}
}

// told counts the events of a kind.
func (d *device) told(what relation.EventKind) (n int) {
	for _, e := range d.events {
		if e.What == what {
			n++
		}
	}
	return n
}

// copyOf is a store with some of the buckets of another one: all of them, or those of a backup.
func copyOf(t testing.TB, from *store.Store, kept bool) *store.Store {
	t.Helper()
	to := store.Memory()
	err := errors.Join(from.View(func(old *store.Tx) error {
		return to.Update(func(tx *store.Tx) (err error) {
			for name, b := range backup.Buckets {
				if kept && !b.Kept {
					continue
				}
				put := func(key string, v cbor.RawMessage) error { return tx.Put(name, key, v) }
				err = errors.Join(err, store.Each(old, name, put))
			}
			return err
		})
	}))
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// restore is another computer onto which a backup of one was put.
func (w *world) restore(name string, from *store.Store, key *relation.Key) *device {
	w.t.Helper()
	d := &device{w: w, name: name, store: copyOf(w.t, from, true)}
	d.start()
	d.update(func(tx *store.Tx) error {
		if key != nil {
			return d.Linked(tx, w.now, *key)
		}
		return d.Restored(tx, w.now)
	})
	w.people = append(w.people, d)
	return d
}

// disputed is the device that was told of as such.
func (d *device) disputed() (device session.DeviceID) {
	for _, e := range d.events {
		if e.What == relation.EventDisputed {
			device = e.Device
		}
	}
	return device
}
