// Package app is small programs that two people run with each other over their relation: a game, a
// payment request. docs/app.md is the specification.
//
// An App is a fold: its state is made of what the two said, and of nothing else, so that all
// devices of both come to the same one. Apps is the room of them: it says, hears, bounds and keeps.
// It is pure, and a Hearer of relations. The package must not believe what a contact says about
// anything but themselves; must not hold money, or talk to what does; and an app must not know of
// relations, stores or the time.
package app

import (
	"io"
	"time"

	"murmuration/client/fault"
	"murmuration/client/person"
	"murmuration/client/relation"
	"murmuration/client/store"
)

// App is a program for two. The state of an instance is nil before anything was said in it.
type App interface {
	// Name is by which records and commands call it: 1 to 16 of a-z, 0-9 and hyphens.
	Name() string
	// Say is what a record says when this person gives such words. ErrElsewhere: the words begin
	// another instance, or are for one.
	Say(state []byte, words []string) ([]byte, error)
	// Heard is the state after something was said, by this person too; what was said before may
	// come again, and in any order. An error: it is against the rules, and the state stays.
	Heard(state []byte, s Said) ([]byte, error)
	// Show is what a person sees of a state.
	Show(state []byte) View
}

// Said is what one of the two said in an instance.
type Said struct {
	Own     bool // this person said it
	Began   bool // who said it began the instance
	Content []byte
}

// View is an instance as it is shown. What the contact wrote stands in Says alone.
type View struct {
	Title string   // how it stands, in one line
	Lines []string // more of it, drawn by the app
	Notes []string // what should not be, in whole sentences
	Says  string   // words of whoever began it
	URI   string   // for another program
	Open  bool     // it goes on
	Turn  bool     // it waits for this person
}

// Faults of apps.
var (
	// ErrElsewhere says that words are not for this instance.
	ErrElsewhere = fault.New(
		fault.User, "these words are not for this one", "`murmur app list` shows what there is.",
	)
	// ErrNone says that no instance has an id.
	ErrNone = fault.New(
		fault.NotFound, "there is no such game or request", "`murmur app list` lists the ids.",
	)
	errApp = fault.New(
		fault.NotFound, "there is no such app",
		"`murmur app run --help` names those that are here.",
	)
	errWhich = fault.New(
		fault.User, "there is more than one that this could be for",
		"Say which with --id; `murmur app list` lists the ids.",
	)
	errFull = fault.New(
		fault.Quota, "too many games and requests with this contact are open",
		"Finish one, or take one back.",
	)
	errRoom = fault.New(
		fault.User, "this is too long for one record", "Many devices read it: write less.",
	)
)

// bucketApps is []instance, by relation.
const bucketApps = "apps"

// Relations carries what is said: *relation.Relations does.
type Relations interface {
	Serve(kind relation.Kind, h relation.Hearer)
	Say(tx *store.Tx, now time.Time, to relation.ID, s relation.Saying) (relation.Said, error)
	Room(tx *store.Tx, to relation.ID) (int, error)
	Decided(tx *store.Tx, to relation.ID) error
}

// People is who contacts are: *contact.Contacts does.
type People interface {
	Name(r relation.ID) string
	Muted(r relation.ID) bool   // nothing of theirs is announced
	Blocked(r relation.ID) bool // nor kept
}

// Config says whose apps they are. All fields are required.
type Config struct {
	Store     *store.Store
	Random    io.Reader
	Relations Relations
	People    People
	Apps      []App
}

// Apps is what a person and their contacts run. All of it is on the disk.
type Apps struct {
	cfg     Config
	access  *person.Access
	refused uint64
}

// Shipped is the apps that come with the program.
func Shipped() []App { return []App{fourInARow{}, payment{}} }

// New is the apps of a person.
func New(p *person.Person, cfg Config) *Apps {
	a := &Apps{cfg: cfg}
	a.access = p.Join(a)
	cfg.Relations.Serve(relation.KindApp, a)
	return a
}

// Refused is how many records were malformed or against the rules.
func (a *Apps) Refused() uint64 { return a.refused }

// refuse counts one, if the transaction succeeds.
func (a *Apps) refuse(tx *store.Tx) { tx.After(func() { a.refused++ }) }

// named is the app of a name; nil: it is not here.
func (a *Apps) named(name string) App {
	for _, app := range a.cfg.Apps {
		if app.Name() == name {
			return app
		}
	}
	return nil
}

// of is the app of an instance; nil: it is not here, or was not when the instance began.
func (a *Apps) of(i instance) App {
	if i.State == nil {
		return nil
	}
	return a.named(i.App)
}

// Load takes up nothing: all is on the disk.
func (a *Apps) Load(*store.Tx) error { return nil }

// Supply does nothing: the relation writes.
func (a *Apps) Supply(time.Time) error { return nil }

// Turn does nothing: apps have no time.
func (a *Apps) Turn(time.Time) error { return nil }

// Answered takes nothing: the relation reads.
func (a *Apps) Answered(time.Time, person.Answer) error { return nil }
