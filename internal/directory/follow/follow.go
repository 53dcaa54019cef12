// Package follow is the core of everybody who goes by network documents: a Follower has the
// documents at hand that serve, and says what to do next and when: fetch one from an entry, use it
// from now on, carry nothing, tell what is wrong.
//
// It must not do any of that itself, and must not take a document otherwise than directory.Chain
// does.
package follow

import (
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/internal/backoff"
	"murmuration/internal/directory"
)

// Do is what a Follower asks of its driver.
type Do uint8

// The things to do. A driver handles every one of them.
const (
	Nothing Do = iota // until Next
	Use               // Step.Document is in force from now on
	Expire            // no document is in force: carry nothing until the next Use
	Prepare           // Step.Document will be in force when its epoch begins
	Fetch             // ask Step.Entry for the document of Step.Epoch, then call Answered
	Report            // Step.Trouble is new, or over
)

func (d Do) String() string {
	return [...]string{"nothing", "use", "expire", "prepare", "fetch", "report"}[min(d, Report)]
}

// Step is one thing to do; only the fields that Do names are set.
type Step struct {
	Do       Do
	Document *directory.Document
	Epoch    directory.Epoch // whose document to fetch, or Latest
	Entry    int             // of Genesis.Entries
	Trouble  Trouble
}

// Config says for whom documents are followed.
type Config struct {
	Genesis *directory.Genesis
	// Rand draws times and entries. The follower owns it.
	Rand *rand.Rand
	// History is how many epochs before the current one stay at hand, for others who ask. Zero
	// keeps nothing but what is or will be in force.
	History directory.Epoch
	// Entries is how many can be asked, the first ones of the genesis; zero means all. It is one
	// for who asks a single provider: asked in vain, it is asked again after a wait.
	Entries int
	// Early fetches the next document in the first half of the publishing phase. Nodes do, so that
	// clients find it with each of them; those come at any time of the phase.
	Early bool
	// RetryFirst and RetryLast bound the waits between two rounds over the entries in vain.
	RetryFirst, RetryLast time.Duration
}

// Follower follows the epochs. It fetches the document of the current epoch at once if it is
// missing, and the next one at a random time after it was signed, from entries drawn at random.
//
// It is told the time with every call and does nothing itself: call Due until it returns
// Nothing, and again at Next and after every other call. A clock that is set back or jumps
// ahead does it no harm. It is not safe for concurrent use.
type Follower struct {
	cfg      Config
	schedule directory.Schedule
	chain    *directory.Chain

	last     time.Time       // of the calls
	epoch    directory.Epoch // at last
	inForce  *directory.Document
	expired  bool                // that nothing is in force was said
	prepared *directory.Document // was announced
	trouble  Trouble             // was reported

	current, next *search         // nil: not missing
	asking        *search         // whose answer is awaited
	asked         directory.Epoch // or Latest
}

// New begins without documents: Add those of the last run, the oldest first.
func New(cfg Config) *Follower {
	if cfg.Entries == 0 {
		cfg.Entries = len(cfg.Genesis.Entries)
	}
	chain, _ := directory.NewChain(cfg.Genesis, nil) // never fails without a document
	return &Follower{cfg: cfg, schedule: cfg.Genesis.Schedule(), chain: chain}
}

// Chain is the documents at hand. Only the follower may change it.
func (f *Follower) Chain() *directory.Chain { return f.chain }

// Trouble is what stands between the follower and the document of the current epoch.
func (f *Follower) Trouble() Trouble { return f.trouble }

// Due says what to do at now.
func (f *Follower) Due(now time.Time) Step {
	e, err := f.schedule.Epoch(now)
	if err != nil {
		return f.report(Trouble{Kind: BeforeStart, At: f.schedule.Start})
	}
	f.turn(now, e)
	doc := f.chain.InForce(e)
	switch next := f.chain.Document(e + 1); {
	case doc != nil && doc != f.inForce:
		f.inForce, f.expired = doc, false
		return Step{Do: Use, Document: doc}
	case doc == nil && !f.expired:
		f.inForce, f.expired = nil, true
		return Step{Do: Expire}
	case next != nil && next != f.prepared:
		f.prepared = next
		return Step{Do: Prepare, Document: next}
	}
	if step := f.report(f.diagnose(e)); step.Do != Nothing {
		return step
	}
	return f.fetch(now)
}

// turn brings what is searched for up to the time.
func (f *Follower) turn(now time.Time, e directory.Epoch) {
	setBack := now.Before(f.last.Add(-f.cfg.RetryLast)) // by less, and what waits comes by itself
	if e != f.epoch || setBack {
		f.current = nil
		if f.next != nil && f.next.epoch == e {
			f.current = f.next // goes on where it stands
		}
		f.next = nil
		f.epoch = e
	}
	f.last = now
	f.chain.Forget(f.oldest())
	f.current = f.search(f.current, e, now)
	f.next = f.search(f.next, e+1, f.nextTime(now, e))
}

// search goes on with s, or begins at a time; nil if the document is here.
func (f *Follower) search(s *search, e directory.Epoch, at time.Time) *search {
	switch {
	case f.chain.Document(e) != nil:
		return nil
	case s != nil:
		return s
	}
	return &search{epoch: e, at: at,
		waits: backoff.New(f.cfg.RetryFirst, f.cfg.RetryLast, f.cfg.Rand)}
}

// nextTime draws when to fetch the document of the epoch after e.
func (f *Follower) nextTime(now time.Time, e directory.Epoch) time.Time {
	if f.next != nil || f.chain.Document(e+1) != nil {
		return time.Time{} // not needed: draw nothing
	}
	from, to := f.schedule.EndOf(e, directory.PhaseSign), f.schedule.StartOf(e+1)
	if f.cfg.Early {
		return from.Add(time.Duration(f.cfg.Rand.Int64N(int64(to.Sub(from)/2) + 1)))
	}
	if from.Before(now) {
		from = now
	}
	span := to.Sub(from)
	return from.Add(span/8 + time.Duration(f.cfg.Rand.Int64N(int64(span*3/4)+1)))
}

// oldest is the first epoch whose document may still be needed.
func (f *Follower) oldest() directory.Epoch {
	oldest := f.epoch - min(f.epoch, f.cfg.History)
	if doc := f.chain.InForce(f.epoch); doc != nil {
		oldest = min(oldest, doc.Epoch)
	}
	return oldest
}

// Next is when Due has something to do again, if nothing happens before.
func (f *Follower) Next(now time.Time) time.Time {
	e, err := f.schedule.Epoch(now)
	if err != nil {
		return f.schedule.Start
	}
	next := f.schedule.StartOf(e + 1)
	if s := f.earliest(); f.asking == nil && s != nil && s.at.Before(next) {
		return s.at
	}
	return next
}

// Add takes a document that came by itself.
func (f *Follower) Add(d *directory.Document) error { return f.chain.Accept(d) }

// Answered takes the answer to the last Fetch: a document that was verified against nothing yet, or
// why there is none. The error is the reason why the document was not taken; the follower goes on.
func (f *Follower) Answered(now time.Time, d *directory.Document, err error) error {
	s := f.asking
	f.asking = nil
	if s == nil {
		return nil
	}
	if err == nil {
		err = f.take(s, d)
	}
	if f.chain.Document(s.epoch) == nil {
		s.failed(now, err, s == f.current && f.inForce == nil)
	}
	return err
}

// take is for a document that was asked for.
func (f *Follower) take(s *search, d *directory.Document) error {
	if d.Epoch != f.asked && f.asked != directory.Latest {
		return fmt.Errorf("asked for the network document of epoch %d and got that of %d", f.asked,
			d.Epoch)
	}
	if err := f.chain.Accept(d); err != nil {
		return err
	}
	if d.Epoch != s.epoch {
		return fmt.Errorf("%w for epoch %d: the latest is of %d", directory.ErrNoDocument, s.epoch,
			d.Epoch)
	}
	return nil
}

// fetch asks for what is missing most, one entry at a time.
func (f *Follower) fetch(now time.Time) Step {
	s := f.earliest()
	if f.asking != nil || s == nil || s.at.After(now) {
		return Step{}
	}
	e, entry := s.ask(f.cfg.Rand, f.cfg.Entries)
	f.asking, f.asked = s, e
	return Step{Do: Fetch, Epoch: e, Entry: entry}
}

// earliest is the search whose turn is next; the current document goes before the next one.
func (f *Follower) earliest() *search {
	if f.current == nil || f.next != nil && f.next.at.Before(f.current.at) {
		return f.next
	}
	return f.current
}
