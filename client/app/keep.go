package app

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"murmuration/client/person"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// Limits of what is kept.
const (
	maxInstances = 32   // of a relation, that one of the two began
	maxRefused   = 1000 // that are counted
	shortest     = 6    // characters of an id that name an instance
)

// instance is one game, or one request, as kept.
type instance struct {
	App     string          `cbor:"1,keyasint"`
	Nonce   [nonceSize]byte `cbor:"2,keyasint"`
	Own     bool            `cbor:"3,keyasint,omitempty"` // this person began it
	State   []byte          `cbor:"4,keyasint,omitempty"` // none: the app is not here
	Changed int64           `cbor:"5,keyasint"`           // Unix milliseconds
	Refused int             `cbor:"6,keyasint,omitempty"` // that the contact said against the rules
}

func (i instance) id(r relation.ID) string { return item{Nonce: i.Nonce}.id(r) }

func nameOf(r relation.ID) string { return hex.EncodeToString(r[:]) }

// get is the instances of a relation, the one that changed last first.
func get(tx *store.Tx, r relation.ID) (all []instance, err error) {
	err = tx.Get(bucketApps, nameOf(r), &all)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return all, err
}

// place is where the instance of a record is among those of a relation; a new one is at the end. Of
// both sides' with one nonce only the first counts.
func place(all []instance, i item, own bool) (at int, ok bool) {
	at = slices.IndexFunc(all, func(k instance) bool { return k.Nonce == i.Nonce })
	if at < 0 {
		return len(all), true
	}
	return at, all[at].App == i.App && all[at].Own == own
}

// put keeps an instance as the one that changed last, and forgets one of the same side if there are
// too many: the oldest that is over, else the oldest. Nobody pushes out what the other side began.
func (a *Apps) put(tx *store.Tx, r relation.ID, all []instance, at int, i instance) error {
	if at < len(all) {
		all = slices.Delete(all, at, at+1)
	}
	all = slices.Insert(all, 0, i)
	if a.count(all, i.Own) > maxInstances {
		out := -1
		for n, k := range slices.Backward(all) {
			if k.Own == i.Own && n > 0 && (out < 0 || a.open(all[out]) && !a.open(k)) {
				out = n
			}
		}
		all = slices.Delete(all, out, out+1)
	}
	return tx.Put(bucketApps, nameOf(r), all)
}

func (a *Apps) count(all []instance, own bool) (n int) {
	for _, i := range all {
		if i.Own == own {
			n++
		}
	}
	return n
}

func (a *Apps) open(i instance) bool {
	app := a.of(i)
	return app != nil && app.Show(i.State).Open
}

// Heard takes what a device of a contact, or an own other one, said.
func (a *Apps) Heard(tx *store.Tx, now time.Time, h relation.Heard) error {
	i, err := parse(h.Content)
	if err != nil || a.cfg.People.Blocked(h.Relation) {
		a.refuse(tx)
		return nil
	}
	all, err := get(tx, h.Relation)
	if err != nil {
		return err
	}
	at, ok := place(all, i, i.Began == h.Own)
	if !ok {
		a.refuse(tx)
		return nil
	}
	k := instance{App: i.App, Nonce: i.Nonce, Own: i.Began == h.Own}
	if at < len(all) {
		k = all[at]
	}
	before := k
	if app := a.named(i.App); app != nil {
		state, err := app.Heard(k.State, Said{Own: h.Own, Began: i.Began, Content: i.Content})
		if err != nil {
			return a.against(tx, h, all, at)
		}
		k.State = state
	}
	if at < len(all) && slices.Equal(before.State, k.State) {
		return nil // said before
	}
	k.Changed = now.UnixMilli()
	if !h.Own && !a.cfg.People.Muted(h.Relation) {
		tx.After(func() { a.announce(h.Relation, k) })
	}
	return a.put(tx, h.Relation, all, at, k)
}

// announce lets those who look on know how an instance stands now.
func (a *Apps) announce(r relation.ID, k instance) {
	a.access.Show(person.Event{
		Kind: person.EventApp, ID: k.id(r), Text: a.show(r, k).Title,
		From: a.cfg.People.Name(r),
	})
}

// against counts what a contact said against the rules of an app.
func (a *Apps) against(tx *store.Tx, h relation.Heard, all []instance, at int) error {
	a.refuse(tx)
	if at == len(all) || h.Own {
		return nil
	}
	all[at].Refused = min(all[at].Refused+1, maxRefused)
	return tx.Put(bucketApps, nameOf(h.Relation), all)
}

// find is the instance of an id, or of the beginning of one, wherever it is.
func find(tx *store.Tx, id string) (r relation.ID, found instance, err error) {
	id, n := strings.ToLower(id), 0
	if len(id) < shortest {
		return r, found, ErrNone.With("%q: give at least %d characters", id, shortest)
	}
	err = each(tx, func(of relation.ID, i instance) {
		if strings.HasPrefix(i.id(of), id) {
			r, found, n = of, i, n+1
		}
	})
	switch {
	case err != nil:
		return r, found, err
	case n == 0:
		return r, found, ErrNone.With("%q", id)
	case n > 1:
		return r, found, errWhich.With("%q", id)
	}
	return r, found, nil
}

func each(tx *store.Tx, do func(relation.ID, instance)) error {
	return store.Each(tx, bucketApps, func(name string, all []instance) error {
		var r relation.ID
		raw, err := hex.DecodeString(name)
		if err != nil || copy(r[:], raw) != len(r) {
			return store.ErrForeign.With("apps of %q", name)
		}
		for _, i := range all {
			do(r, i)
		}
		return nil
	})
}
