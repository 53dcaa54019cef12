// Package documents is the network documents of one node or client: it drives a follow.Follower.
// It fetches them over links, keeps them on disk over restarts, hands the one in force to all who
// need it, and keeps what it found that should not be.
//
// It must not decide which document is taken (directory.Chain) or when one is fetched
// (follow.Follower), and knows nothing of what they are used for.
package documents

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/directory"
	"murmuration/internal/directory/follow"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
)

// Source is where documents are fetched: a node uses Links, a client asks its guard by them.
type Source interface {
	// Fetch asks for the document of an epoch, or for directory.Latest: the entry of the genesis
	// that the follower drew, or whom the source knows better. Nothing of the answer has been
	// verified.
	Fetch(ctx context.Context, entry directory.Authority, e directory.Epoch) (
		*directory.Document, error)
}

// User is who goes by the documents. All methods are called by Run alone, one after the other.
type User interface {
	// Use begins with a document: at the start, at the beginning of each epoch, and when a late one
	// comes. An error ends Run.
	Use(now time.Time, doc *directory.Document) error
	// Prepare tells of a document whose epoch has not begun.
	Prepare(doc *directory.Document) error
	// Expire says that no document is in force: to go on would be by rules that nobody vouches for.
	Expire(now time.Time)
}

// Config is what a Set needs.
type Config struct {
	Genesis *directory.Genesis
	// Store keeps documents and findings over restarts.
	Store Store
	// Source is nil for a network's only authority: its documents come by Add.
	Source Source
	// Entries are whom the source asks; nil are those of the genesis.
	Entries []directory.Authority
	// Follow is who follows, but for Genesis and Rand.
	Follow follow.Config
	// Clock says for a person how this computer's clock stands to those of others; nil says that
	// nobody compared them.
	Clock func() string
	// Behind says whether this computer's clock is behind those of others, so that a document whose
	// time has not come ends Run; nil is always. Clocks may have been ahead when it was signed.
	Behind func(now time.Time) bool
	// Log takes one line per event that somebody acts on; nil discards.
	Log *slog.Logger
}

// missedFor is for how many epochs who follows keeps what is not in force any more: in it are the
// keys of providers that missed a later document (directory.Document.Missed).
const missedFor = protocol.Validity - 1

// Node is how nodes follow. History is for those that give documents to others.
func Node(g *directory.Genesis, history directory.Epoch) follow.Config {
	const first, last = 250 * time.Millisecond, 15 * time.Second
	most := min(last, max(first, g.Parameters.EpochLength/32))
	return follow.Config{History: max(history, missedFor), Early: true, RetryFirst: first,
		RetryLast: most}
}

// Client is how clients follow: later, with more patience, and from one source.
func Client(g *directory.Genesis) follow.Config {
	return follow.Config{History: missedFor, Entries: 1, RetryFirst: time.Second,
		RetryLast: g.Parameters.EpochLength / 8}
}

// From has a node that links are opened for by a transport ask the authorities and entries of the
// genesis; a network's only authority asks nobody.
func (c Config) From(self directory.NodeID, t link.Transport) Config {
	if _, named := c.Genesis.Authority(self); named && len(c.Genesis.Authorities) == 1 {
		return c
	}
	c.Source = Links(func() (link.Transport, error) { return t, nil })
	c.Entries = c.Genesis.Sources(self)
	return c
}

// Set is the documents that a node or client has. Its methods may be called from many goroutines;
// what they return must not be changed.
type Set struct {
	cfg     Config
	current atomic.Pointer[directory.Document] // in force
	wake    chan struct{}                      // one place: "Add changed something"

	mu       sync.Mutex // guards all below, and is held by whoever calls a method of theirs
	follower *follow.Follower
	records  records
	findings findings
}

// Open takes up what the store has. A kept document that is damaged, or contradicts another, is an
// error that names it.
func Open(cfg Config) (*Set, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = func() string { return "not compared" }
	}
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	if len(cfg.Entries) == 0 {
		cfg.Entries = cfg.Genesis.Entries
	}
	if cfg.Follow.Entries == 0 {
		cfg.Follow.Entries = len(cfg.Entries)
	}
	cfg.Follow.Genesis, cfg.Follow.Rand = cfg.Genesis, mrand.New(mrand.NewChaCha8(seed))
	s := &Set{
		cfg: cfg, wake: make(chan struct{}, 1), follower: follow.New(cfg.Follow),
		records:  newRecords(cfg.Store, cfg.Log),
		findings: findings{store: cfg.Store, log: cfg.Log},
	}
	return s, s.load()
}

// Current is the document in force; nil before the first, and after the last has expired.
func (s *Set) Current() *directory.Document { return s.current.Load() }

// Latest is the newest document at hand, whether or not it serves; nil if there is none.
func (s *Set) Latest() *directory.Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.follower.Chain().Latest()
}

// Held are all documents at hand, the oldest first.
func (s *Set) Held() (all []*directory.Document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.follower.Chain().Epochs() {
		all = append(all, s.follower.Chain().Document(e))
	}
	return all
}

// Document is that of one epoch, or nil.
func (s *Set) Document(e directory.Epoch) *directory.Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.follower.Chain().Document(e)
}

// Digest is that of the document of one epoch, zero if it is not here.
func (s *Set) Digest(e directory.Epoch) directory.Digest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.follower.Chain().Digest(e)
}

// Bytes is the marshalled document of one epoch, nil if it is not here. They are made once: whoever
// asks for a document gets it in many pieces.
func (s *Set) Bytes(e directory.Epoch) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records.bytes(s.follower.Chain(), e)
}

// Trouble is what stands between this node or client and the document of the current epoch.
func (s *Set) Trouble() follow.Trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.follower.Trouble()
}

// Add takes a document that came by itself, as the authority's own do, and puts it on disk. After
// an error of the disk the document is here all the same; add it again to have it kept.
func (s *Set) Add(now time.Time, doc *directory.Document) error {
	s.mu.Lock()
	err := s.follower.Add(doc)
	s.note(now, err)
	if err == nil {
		err = s.records.save(s.follower.Chain())
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	if err != nil {
		return fmt.Errorf("taking the network document of epoch %d: %w", doc.Epoch, err)
	}
	return nil
}

// ClockError ends Run at its beginning, when the clock cannot be right.
type ClockError struct {
	Trouble follow.Trouble // BeforeStart or ClockBehind
	Now     time.Time      // by this computer's clock
}

func (e *ClockError) Error() string {
	what := "the network's document begins at"
	if e.Trouble.Kind == follow.BeforeStart {
		what = "the network begins at"
	}
	return fmt.Sprintf("%s %s, and this computer's clock says %s", what, stamp(e.Trouble.At),
		stamp(e.Now))
}

// Hint is what to do about it.
func (e *ClockError) Hint() string { return "Set the clock, or wait." }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// answer is what a fetch came back with.
type answer struct {
	doc *directory.Document
	err error
}

// saveEvery is how often a document that found no room on the disk is put there again.
const saveEvery = time.Minute

// Run follows the epochs until ctx ends, or the user's Use or Prepare fails; its goroutines are
// gone when it returns. A clock that cannot be right is a ClockError, unless a document was in
// force.
func (s *Set) Run(ctx context.Context, user User) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.live(ctx, group, user) }) // ends with ctx
	return group.Wait()
}

func (s *Set) live(ctx context.Context, group *errgroup.Group, user User) error {
	answers := make(chan answer, 1) // the follower waits for one at a time
	for ctx.Err() == nil {
		now := time.Now()
		s.mu.Lock()
		step, next := s.follower.Due(now), s.follower.Next(now)
		s.records.forget(s.follower.Chain())
		s.mu.Unlock()
		switch step.Do {
		case follow.Fetch:
			group.Go(func() error { answers <- s.fetch(ctx, step); return nil }) // ends with ctx
		case follow.Nothing:
			s.wait(ctx, next, answers)
		default:
			if err := s.do(now, step, user); err != nil {
				return err
			}
		}
	}
	return nil
}

// do what has to do with the user.
func (s *Set) do(now time.Time, step follow.Step, user User) error {
	switch step.Do {
	case follow.Use:
		s.current.Store(step.Document)
		return user.Use(now, step.Document)
	case follow.Prepare:
		return user.Prepare(step.Document)
	case follow.Expire:
		s.current.Store(nil)
		s.sayExpired()
		user.Expire(now)
	case follow.Report:
		return s.report(now, step.Trouble)
	}
	return nil
}

// wait until something is to be done.
func (s *Set) wait(ctx context.Context, next time.Time, answers <-chan answer) {
	now := time.Now()
	s.mu.Lock()
	unsaved := s.records.unsaved(s.follower.Chain())
	s.mu.Unlock()
	if soon := now.Add(saveEvery); unsaved && soon.Before(next) {
		next = soon
	}
	timer := time.NewTimer(next.Sub(now))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.wake:
	case a := <-answers:
		s.answered(time.Now(), a)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.records.save(s.follower.Chain()) // says itself what is wrong, and is tried again
}

// fetch asks an entry. An authority asks nobody.
func (s *Set) fetch(ctx context.Context, step follow.Step) answer {
	if s.cfg.Source == nil {
		return answer{err: fmt.Errorf("%w: this authority has not signed it yet",
			directory.ErrNoDocument)}
	}
	entry := s.cfg.Entries[step.Entry]
	if latest := s.Latest(); latest != nil {
		entry.Addr = latest.AddressOf(entry)
	}
	doc, err := s.cfg.Source.Fetch(ctx, entry, step.Epoch)
	return answer{doc, err}
}

func (s *Set) answered(now time.Time, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.follower.Answered(now, a.doc, a.err)
	s.note(now, err)
	if err != nil {
		s.cfg.Log.Debug("no network document from this entry: another one is asked", "error", err)
	}
	_ = s.records.save(s.follower.Chain()) // says itself what is wrong, and is tried again
}

func (s *Set) sayExpired() {
	if s.Latest() == nil {
		s.cfg.Log.Info("no network document is in force yet: nothing is carried until there is one")
		return
	}
	s.cfg.Log.Error("no network document is in force any more: " +
		"nothing is carried until there is a new one")
}

// report says what is wrong, once, and that it is over.
func (s *Set) report(now time.Time, t follow.Trouble) error {
	log, at := s.cfg.Log, stamp(t.At)
	switch t.Kind {
	case follow.NoTrouble:
		log.Info("the network document for now is here")
	case follow.BeforeStart, follow.ClockBehind:
		err := &ClockError{t, now}
		if s.Current() == nil && (t.Kind == follow.BeforeStart || s.cfg.Behind == nil ||
			s.cfg.Behind(now)) {
			return err
		}
		log.Error("this computer's clock is behind: set it; or clocks were ahead when a network "+
			"document was signed, and then there is another one soon", "error", err, "clock",
			s.cfg.Clock())
	case follow.StoodStill:
		log.Error("the latest network document has ended: "+
			"the network stood still, or this computer's clock is ahead", "ended", at, "clock",
			s.cfg.Clock())
	case follow.NotBegun:
		log.Warn("there is no network document for now: "+
			"nothing is carried until the first one begins", "begins", at)
	case follow.Missing:
		log.Warn("no network document can be had, and nothing is carried until there is one: "+
			"check this computer's connection", "error", t.Err)
	case follow.Late:
		log.Warn("going on with an old network document, for three epochs at most: "+
			"the new one cannot be had", "error", t.Err)
	}
	return nil
}

// Findings are what was found and not judged yet, the oldest first.
func (s *Set) Findings() []Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.findings.list)
}

// Judge forgets all findings: people have looked at them.
func (s *Set) Judge() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.findings.judge()
}

// note keeps what a refusal proves. The caller holds mu.
func (s *Set) note(now time.Time, err error) {
	var proof *directory.Contradiction
	if errors.As(err, &proof) {
		s.findings.add(Finding{Seen: now, Epoch: proof.Other.Epoch, Proof: proof})
	}
}
