// Package scan looks through bulletins for the boxes that a person wants. What comes with the
// exchanges goes to the board, what the board tells goes to the crowd, and what the crowd fetches,
// or a holder lists, goes to the parts of the person that want it.
//
// It is pure, and a person's Part. It must not decide anything: what is believed is the board's,
// what is asked for is the crowd's. It is used from two sides that a driver keeps apart: slots ask
// it what to fetch, and the person's loop gives it what came. Whatever both touch happens within
// Config.Exclusive.
package scan

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/client/board"
	"murmuration/client/crowd"
	"murmuration/client/person"
	"murmuration/client/purse"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// Config says whose bulletins are read. All fields but Exclusive and Purse are
// required.
type Config struct {
	Store      *store.Store
	Network    directory.NetworkID
	Schedule   directory.Schedule
	Parameters directory.Parameters
	// Random makes the secret of a new home, and seeds what else is drawn.
	Random io.Reader
	// Exclusive does something while no slot asks what to fetch; nil does it at once.
	Exclusive func(do func())
	// Purse takes the write tokens that come in the stream; nil leaves them.
	Purse *purse.Purse
}

// Scan is what one client reads of bulletins, for one person.
type Scan struct {
	cfg    Config
	person *person.Person
	access *person.Access
	board  *board.Board
	crowd  *crowd.Crowd
	begun  bool
	ready  bool           // what was listed before the start was told
	named  map[Doubt]bool // that the person was told of
}

// New reads for a person.
func New(p *person.Person, cfg Config) (*Scan, error) {
	if cfg.Exclusive == nil {
		cfg.Exclusive = func(do func()) { do() }
	}
	var seed [32]byte
	if _, err := io.ReadFull(cfg.Random, seed[:]); err != nil {
		return nil, fmt.Errorf("seeding the crowd: %w", err)
	}
	s := &Scan{cfg: cfg, person: p, named: map[Doubt]bool{}}
	s.board = board.New(board.Config{
		Store: cfg.Store, Network: cfg.Network,
		Calendar: bulletin.Calendar{Start: cfg.Schedule.Start, Every: cfg.Parameters.BulletinEvery},
	})
	s.crowd = crowd.New(crowd.Config{
		Store: cfg.Store, Secret: cfg.Random, Rand: rand.New(rand.NewChaCha8(seed)),
		Schedule: cfg.Schedule, Parameters: cfg.Parameters, Board: s.board, Wants: p,
	})
	p.Exclude(cfg.Exclusive)
	s.access = p.Join(s)
	return s, nil
}

// Load takes up what was read.
func (s *Scan) Load(tx *store.Tx) error {
	return errors.Join(s.board.Load(tx), s.crowd.Load(tx))
}

// Begin is for a new sender, which speaks through a provider. The caller has exclusivity.
func (s *Scan) Begin(doc *directory.Document, own directory.NodeID) {
	s.SetDocument(doc)
	s.crowd.Begin(own)
	s.begun = true
}

// SetDocument goes by another document. The caller has exclusivity.
func (s *Scan) SetDocument(doc *directory.Document) {
	s.board.SetDocument(doc)
	s.crowd.SetParameters(doc.Parameters)
}

// Roll is what the first frame of a connection says about the rolls that are wanted. The caller has
// exclusivity.
func (s *Scan) Roll(now time.Time) uint32 { return s.board.Position(now) + 1 }

// Withholding is how many of today's bulletins the provider kept back, by the word of others, of
// how many that it should have passed on. The caller has exclusivity.
func (s *Scan) Withholding() (withheld, expected uint64) { return s.board.Withholding() }

// Live implements sender.Fetches. The caller has exclusivity, as of Take and Sent.
func (s *Scan) Live(at time.Time) bool { return s.crowd.Live(at) }

// Take implements sender.Fetches.
func (s *Scan) Take(at time.Time, live bool) (sender.Fetch, bool) { return s.crowd.Take(at, live) }

// Sent implements sender.Fetches.
func (s *Scan) Sent(token uint64, at, again time.Time) { s.crowd.Sent(token, at, again) }

// Frauds are the proofs that were found against makers, ever.
func (s *Scan) Frauds() (all []bulletin.Fraud) {
	s.cfg.Exclusive(func() { all = s.board.Frauds() })
	return all
}

// Refused is how often each kind of bulletin, roll or head was not taken, since the start.
func (s *Scan) Refused() (counts map[board.Reason]uint64) {
	s.cfg.Exclusive(func() { counts = s.board.Counts() })
	return counts
}

// Connected says that what is heard from now on is a new connection's, to a provider.
func (s *Scan) Connected(now time.Time, own directory.NodeID) {
	s.cfg.Exclusive(func() { s.board.Connected(now, own) })
}

// Heard takes what a down frame brought.
func (s *Scan) Heard(now time.Time, e sender.Event) error {
	var (
		news board.News
		gave crowd.Answer
		err  error
	)
	s.cfg.Exclusive(func() {
		news, err = s.board.Receive(now, e.Stream)
		s.board.Head(now, e.Holder, e.Reply.Head)
		if e.Kind == sender.Fetched {
			gave = s.crowd.Answered(e)
		}
		if gave.Asked {
			err = errors.Join(err, s.board.Answered(now, e.Holder, gave.Ask, e.Reply, &news))
		}
		s.take(now, news)
	})
	errs := []error{err, s.tell(now, news), s.pay(e, news)}
	for _, f := range gave.Found {
		errs = append(errs, s.person.Found(now, f.Want, f.Holder, f.Box))
	}
	return errors.Join(errs...)
}

// pay tells the purse what has come of tokens.
func (s *Scan) pay(e sender.Event, news board.News) error {
	if s.cfg.Purse == nil {
		return nil
	}
	if e.Reply.Status == box.StatusUnpaid {
		s.cfg.Purse.Refused(e.Day, e.Holder, e.ID)
	}
	var errs []error
	for _, t := range news.Tokens {
		errs = append(errs, s.cfg.Purse.Take(t))
	}
	return errors.Join(errs...)
}

// take has the crowd decide about what is new.
func (s *Scan) take(now time.Time, news board.News) {
	for _, p := range news.Pairs {
		s.crowd.Listed(now, p)
	}
}

// tell says who lists what the person wants.
func (s *Scan) tell(now time.Time, news board.News) error {
	var errs []error
	for _, l := range news.Listed {
		errs = append(errs, s.listed(now, l.Entry, l.Listing))
	}
	s.blame(news.Frauds)
	return errors.Join(errs...)
}

func (s *Scan) listed(now time.Time, e box.Entry, l board.Listing) error {
	var errs []error
	for _, h := range s.crowd.Heard(e, l) {
		var holders []directory.NodeID // that are listened to
		s.cfg.Exclusive(func() {
			holders = slices.DeleteFunc(s.board.Holders(h.Want.Day, h.Want.ID), s.board.False)
		})
		errs = append(errs, s.person.Listed(now, h.Want,
			person.Listing{Maker: h.Maker, Slot: h.Slot, Holders: max(len(holders), 1)}))
	}
	return errors.Join(errs...)
}

// Supply does nothing: fetches are asked for by slots.
func (s *Scan) Supply(time.Time) error { return nil }

// Answered does nothing: a scan asks for nothing by itself.
func (s *Scan) Answered(time.Time, person.Answer) error { return nil }

// Turn keeps what was read, and looks through it for what is wanted since.
func (s *Scan) Turn(now time.Time) error {
	var (
		news  board.News
		err   error
		first = !s.ready
	)
	s.cfg.Exclusive(func() {
		if !s.begun {
			return
		}
		if !s.ready {
			s.ready, err = true, s.crowd.Resume(now)
		}
		var trouble error
		news, trouble = s.board.Turn(now)
		s.take(now, news)
		err = errors.Join(err, trouble, s.crowd.Keep())
		s.person.Whole(s.board.WholeDay(now))
	})
	if !s.ready {
		return err
	}
	return errors.Join(err, s.tell(now, news), s.look(now, first))
}
