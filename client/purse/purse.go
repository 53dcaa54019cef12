// Package purse is the write tokens of a client: what lets it write a box at a holder on a day. It
// asks for a batch of each holder and day through its own provider, takes those answers that prove
// that they were made with the key that everybody sees, and gives each token away for one box.
// docs/token.md is the specification.
//
// It is pure, and a person's Part. It must never give a token for two boxes, over whatever crash:
// what it gives was noted on the disk as given before. It must not decide when anything is sent,
// and cannot: it is asked by slots of the sender, which come whether or not it has anything to say.
// Slots ask it from one side while the person's loop gives it time and answers from another; what
// both touch happens within Config.Exclusive, and what costs time does not.
package purse

import (
	"cmp"
	"io"
	"slices"
	"time"

	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Config says whose tokens they are. All fields but Exclusive are required.
type Config struct {
	Store    *store.Store
	Network  directory.NetworkID
	Calendar box.Calendar
	// Random makes the secret of a new home: crypto/rand.Reader outside of tests.
	Random io.Reader
	// Exclusive does something while no slot asks; nil does it at once.
	Exclusive func(do func())
}

// Purse is the write tokens of one client.
type Purse struct {
	cfg    Config
	secret [32]byte // of this home; whoever knows it can tell which tokens are its

	document *directory.Document // nil before the first
	own      directory.NodeID    // the provider of this client
	wallets  map[place]*wallet
	offered  *wallet // the last question is for it
	counts   [reasons]uint64
}

// place is where and when tokens are good.
type place struct {
	day    box.Day
	holder directory.NodeID
}

// New has no tokens yet. It joins the person.
func New(p *person.Person, cfg Config) *Purse {
	if cfg.Exclusive == nil {
		cfg.Exclusive = func(do func()) { do() }
	}
	purse := &Purse{cfg: cfg, wallets: map[place]*wallet{}}
	p.Join(purse)
	return purse
}

// Begin is for a new sender, which speaks through a provider: another one was asked for nothing
// yet, and is asked with other bytes, by which no holder can tell who asked through which provider
// before. The caller has exclusivity.
func (p *Purse) Begin(doc *directory.Document, own directory.NodeID) {
	p.document, p.own = doc, own
	for _, w := range p.wallets {
		w.tries, w.due, w.awaits = 0, time.Time{}, false
		if w.via != own {
			w.batch, w.request = nil, nil
		}
	}
}

// SetDocument goes by another document. The caller has exclusivity.
func (p *Purse) SetDocument(doc *directory.Document) { p.document = doc }

// Turn prepares the questions that are due, notes ahead which tokens may be given, and forgets
// those of days that are over.
func (p *Purse) Turn(now time.Time) error {
	// one after the other: a full disk, which a person can go on with, hides no other trouble
	if err := p.prepare(now); err != nil {
		return err
	}
	if err := p.reserve(); err != nil {
		return err
	}
	return p.forget(now)
}

// Supply notes ahead which tokens may be given.
func (p *Purse) Supply(time.Time) error { return p.reserve() }

// Answered does nothing: a purse is no part that writes.
func (p *Purse) Answered(time.Time, person.Answer) error { return nil }

// today is the day of a time.
func (p *Purse) today(t time.Time) box.Day { return box.DayOf(p.cfg.Calendar.Genesis, t) }

// sorted are the wallets, those of the earliest day first, and of one day in the home's own order;
// the own provider's, which is written to where nothing else helps, last.
func (p *Purse) sorted() []*wallet {
	all := make([]*wallet, 0, len(p.wallets))
	for _, w := range p.wallets {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *wallet) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(p.last(a), p.last(b)),
			cmp.Compare(a.rank, b.rank))
	})
	return all
}

func (p *Purse) last(w *wallet) int {
	if w.holder == p.own {
		return 1
	}
	return 0
}

// Left says how many of a day's tokens were not given away, and of how many that came.
func (p *Purse) Left(now time.Time) (left, of int) {
	p.cfg.Exclusive(func() {
		for at, w := range p.wallets {
			if at.day == p.today(now) {
				left, of = left+len(w.tokens)-w.next, of+len(w.tokens)
			}
		}
	})
	return left, of
}

// Dry says that the provider was asked for today's tokens many times and none came. The caller has
// exclusivity.
func (p *Purse) Dry(now time.Time) bool {
	asked := false
	for at, w := range p.wallets {
		if at.day != p.today(now) {
			continue
		}
		if len(w.tokens) > 0 {
			return false
		}
		asked = asked || w.tries >= vain
	}
	return asked
}

var _ person.Part = (*Purse)(nil)
