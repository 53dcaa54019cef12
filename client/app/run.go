package app

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// Instance is one game, or one request, as it is shown.
type Instance struct {
	ID       string // the same at both sides
	App      string
	Relation relation.ID
	Own      bool // this person began it
	Changed  time.Time
	View
}

func (a *Apps) show(r relation.ID, i instance) Instance {
	shown := Instance{
		ID: i.id(r), App: i.App, Relation: r, Own: i.Own, Changed: time.UnixMilli(i.Changed).UTC(),
	}
	app := a.of(i)
	if app == nil {
		shown.Title = "sent something for the app " + i.App + " that you do not have"
		if i.Own {
			shown.Title = "another device of yours " + shown.Title
		}
		return shown
	}
	shown.View = app.Show(i.State)
	if i.Refused > 0 {
		shown.Notes = append(shown.Notes, fmt.Sprintf(
			"Of what they said here, so much was against the rules, and has no effect: %d.",
			i.Refused,
		))
	}
	return shown
}

// List is all that there is, what changed last first.
func (a *Apps) List() (all []Instance, err error) {
	err = a.cfg.Store.View(func(tx *store.Tx) error {
		return each(tx, func(r relation.ID, i instance) { all = append(all, a.show(r, i)) })
	})
	slices.SortStableFunc(all, func(x, y Instance) int { return y.Changed.Compare(x.Changed) })
	return all, err
}

// Instance is the one whose id begins so.
func (a *Apps) Instance(id string) (shown Instance, err error) {
	err = a.cfg.Store.View(func(tx *store.Tx) error {
		r, i, err := find(tx, id)
		if err == nil {
			shown = a.show(r, i)
		}
		return err
	})
	return shown, err
}

// Doing is words of this person for an app.
type Doing struct {
	App   string
	To    relation.ID
	ID    string // of the instance, or its beginning; empty: the one that they are for
	New   bool   // begin another one, whatever there is
	Words []string
}

// Do says what words mean: in the instance that they are for, or in a new one. When it returns it
// is on the disk, sealed; step names it in the outbox.
func (a *Apps) Do(now time.Time, d Doing) (shown Instance, step string, err error) {
	app := a.named(d.App)
	if app == nil {
		return shown, "", errApp.With("%q", d.App)
	}
	err = a.cfg.Store.Update(func(tx *store.Tx) error {
		all, err := get(tx, d.To)
		if err != nil {
			return err
		}
		at, said, err := a.choose(app, all, d)
		if err != nil {
			return err
		}
		k, err := a.begin(app, all, at)
		if err != nil {
			return err
		}
		k.State, err = app.Heard(k.State, Said{Own: true, Began: k.Own, Content: said})
		if err != nil {
			return err
		}
		k.Changed = now.UnixMilli()
		shown = a.show(d.To, k)
		i := item{App: k.App, Nonce: k.Nonce, Began: k.Own, Content: said}
		step = i.step(d.To)
		return errors.Join(
			a.put(tx, d.To, all, at, k),
			a.say(tx, now, d.To, i, relation.Saying{Name: step, Says: shown.Title}),
		)
	})
	if err != nil {
		return shown, "", fmt.Errorf("running %s: %w", d.App, err)
	}
	return shown, step, nil
}

// begin is the instance at a place, a new one behind the last.
func (a *Apps) begin(app App, all []instance, at int) (instance, error) {
	if at < len(all) {
		return all[at], nil
	}
	open := 0
	for _, i := range all {
		if i.Own && a.open(i) {
			open++
		}
	}
	k := instance{App: app.Name(), Own: true}
	if open >= maxInstances {
		return k, errFull.With("%d", open)
	}
	if _, err := io.ReadFull(a.cfg.Random, k.Nonce[:]); err != nil {
		return k, fmt.Errorf("drawing the nonce of an instance: %w", err)
	}
	return k, nil
}

// choose is the place of the instance that words are for, and what they say there. If they would be
// for several, the person has to say which. If they are wrong in one, nothing is begun instead.
func (a *Apps) choose(app App, all []instance, d Doing) (at int, said []byte, err error) {
	at, found := len(all), 0
	var wrong error
	for n, k := range all {
		named := d.ID != "" && len(d.ID) >= shortest &&
			strings.HasPrefix(k.id(d.To), strings.ToLower(d.ID))
		if k.App != app.Name() || k.State == nil || d.New || d.ID != "" && !named {
			continue
		}
		b, err := app.Say(k.State, d.Words)
		switch {
		case err == nil:
			at, said, found = n, b, found+1
		case d.ID != "" || !errors.Is(err, ErrElsewhere):
			wrong = err
		}
	}
	switch {
	case found > 1:
		return at, nil, errWhich
	case found == 1:
		return at, said, nil
	case wrong != nil:
		return at, nil, wrong
	case d.ID != "":
		return at, nil, ErrNone.With("%q", d.ID)
	}
	said, err = app.Say(nil, d.Words)
	return at, said, err
}

func (a *Apps) say(
	tx *store.Tx, now time.Time, to relation.ID, i item, s relation.Saying,
) error {
	b, err := content.Encode(i)
	if err != nil {
		return err
	}
	room, err := a.cfg.Relations.Room(tx, to)
	if err == nil {
		err = a.cfg.Relations.Decided(tx, to)
	}
	if err != nil {
		return err
	}
	if len(b) > room || len(i.Content) > maxContent {
		return errRoom.With("%d bytes, where %d fit", len(b), min(room, maxContent))
	}
	s.Kind, s.Content, s.What, s.Quick = relation.KindApp, b, i.App, true
	_, err = a.cfg.Relations.Say(tx, now, to, s)
	return err
}

// words is the fault of words that an app does not understand.
func words(what, hint string) *fault.Fault { return fault.New(fault.User, what, hint) }
