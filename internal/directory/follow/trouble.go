package follow

import (
	"fmt"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Kind is a sort of Trouble, which decides what is to be done about it.
type Kind uint8

// The troubles of following, the first of which is none.
const (
	NoTrouble   Kind = iota
	BeforeStart      // the clock is before the network's first epoch, which begins At
	ClockBehind      // the clock is behind: a document is signed whose epoch begins At
	StoodStill       // the latest document ended At: the network stood still, or the clock is ahead
	NotBegun         // there is no document for now; the first one begins At
	Missing          // no document can be had, because of Err
	Late             // that of this epoch cannot be had, because of Err; an older one is in force
)

func (k Kind) String() string {
	return [...]string{"none", "before start", "clock behind", "stood still", "not begun",
		"missing", "late"}[min(k, Late)]
}

// Trouble is why a follower has not got what it should have.
type Trouble struct {
	Kind Kind
	At   time.Time
	Err  error
}

func (t Trouble) String() string {
	switch {
	case !t.At.IsZero():
		return fmt.Sprintf("%s, %s", t.Kind, t.At.UTC().Format(time.RFC3339))
	case t.Err != nil:
		return fmt.Sprintf("%s: %v", t.Kind, t.Err)
	}
	return t.Kind.String()
}

// report tells a trouble when it is of another kind than the last.
func (f *Follower) report(t Trouble) Step {
	news := t.Kind != f.trouble.Kind
	f.trouble = t
	if !news {
		return Step{}
	}
	return Step{Do: Report, Trouble: t}
}

// diagnose says what is wrong in epoch e, once a round over the entries was in vain: before it
// nobody knows whether the clock is behind or a document was signed ahead of its time.
func (f *Follower) diagnose(e directory.Epoch) Trouble {
	latest, s := f.chain.Latest(), f.current
	switch {
	case s != nil && s.rounds == 0 && f.inForce == nil && f.trouble.Kind == ClockBehind:
		return f.trouble
	case s != nil && s.rounds == 0:
		return Trouble{}
	case latest != nil && latest.Epoch > e+1:
		return Trouble{Kind: ClockBehind, At: f.schedule.StartOf(latest.Epoch)}
	case s == nil:
		return Trouble{}
	case f.inForce != nil:
		return Trouble{Kind: Late, Err: s.err}
	case latest != nil && latest.Epoch > e:
		return Trouble{Kind: NotBegun, At: f.schedule.StartOf(latest.Epoch)}
	case latest != nil && s.absent:
		return Trouble{Kind: StoodStill, At: f.schedule.StartOf(latest.Epoch + protocol.Validity)}
	}
	return Trouble{Kind: Missing, Err: s.err}
}
