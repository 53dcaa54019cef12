// Package authority is an authority of the directory that runs: a voter with a home, links to the
// other authorities, and a place where nodes hand in what they say of themselves. It stands beside
// a provider, or alone as a Node of this package.
//
// It must not decide anything about a document, which the voter of internal/directory does, and
// must let no signature out before it is on the disk what was signed.
package authority

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/directory"
	"murmuration/internal/directory/council"
	"murmuration/internal/documents"
	"murmuration/internal/durable"
	"murmuration/internal/node"
)

// recordFile holds, in the home, the last document that was ever signed, so that there are never
// two for one epoch.
const recordFile = "signed"

// Options are what an authority needs, as parts that are complete before they are given.
type Options struct {
	Home      *node.Home
	Documents *documents.Set
	Log       *slog.Logger
	// Dial opens links as this authority.
	Dial Dialler
	// Addr is the host:port where others reach this authority; its votes say so.
	Addr string
	// Proved are the providers who are known to have signed two bulletins for one slot, by proofs
	// that were verified here; nil: nobody ever.
	Proved func() []directory.NodeID
}

// Authority drives a voter, and is the registry of the node that it runs in.
type Authority struct {
	Options
	roster  *roster
	others  []*other
	wake    chan struct{} // one place: "there may be something to do"
	refused atomic.Uint64 // words of other authorities that did not count

	// keep replaces a file so that it is on the disk when it returns.
	keep func(path string, raw []byte) error

	mu    sync.Mutex // guards all below
	voter *directory.Voter
	full  bool // the disk refused at the last try
	// versions are what the programs of nodes say that they are
	versions map[directory.NodeID]string
}

// New reads what the authority must know before it may sign anything; now is when it begins to
// listen.
func New(o Options, now time.Time) (*Authority, error) {
	record, err := readRecord(o.Home.Path(recordFile))
	if err != nil {
		return nil, err
	}
	admitted := &roster{path: o.Home.Path(AdmissionsFile)}
	if err := admitted.read(); err != nil {
		return nil, err
	}
	if o.Proved == nil {
		o.Proved = func() []directory.NodeID { return nil }
	}
	a := &Authority{Options: o, roster: admitted, wake: make(chan struct{}, 1),
		versions: map[directory.NodeID]string{},
		keep: func(path string, raw []byte) error {
			return durable.WriteFile(path, raw, 0o600)
		}}
	a.voter, err = directory.NewVoter(directory.VoterConfig{
		Genesis: o.Home.Genesis, Identity: o.Home.Identity, Admitted: admitted.now(),
		Held: o.Documents.Held(), Record: record, Addr: o.Addr,
	}, now)
	if err != nil {
		return nil, err
	}
	for _, who := range o.Home.Genesis.Named() {
		if who.ID != o.Home.Identity.ID() {
			a.others = append(a.others, newOther(a, who))
		}
	}
	return a, nil
}

func readRecord(path string) (*directory.Record, error) {
	raw, err := durable.ReadFile(path, directory.MaxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the last signature: %w", err)
	}
	record, err := directory.ParseRecord(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: restore it from a backup; without it, two documents "+
			"could be signed for one epoch", path, err)
	}
	return record, nil
}

// Run does what the voter asks and talks to the other authorities, until ctx ends. It ends with an
// error when a signature cannot be recorded.
func (a *Authority) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.vote(ctx) })
	for _, o := range a.others {
		group.Go(func() error { o.run(ctx); return nil })
	}
	return group.Wait()
}

// vote has the voter do what is due, and waits for more.
func (a *Authority) vote(ctx context.Context) error {
	for {
		next, err := a.advance(time.Now())
		if err != nil {
			return err
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-a.wake:
			timer.Stop()
		}
	}
}

// stir has vote look again.
func (a *Authority) stir() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// advance does everything that is due and tells when there is more.
func (a *Authority) advance(now time.Time) (next time.Time, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.roster.read(); err != nil {
		a.Log.Error("the admissions cannot be read, and the authority goes on with those that it "+
			"read before: mend the file", "error", err)
	}
	a.voter.Admit(a.roster.now())
	a.voter.Prove(a.Proved())
	a.learn()
	for {
		action := a.voter.Due(now)
		if action.Do == directory.DoNothing {
			return a.voter.Next(now), nil
		}
		err := a.do(now, action)
		if durable.Passing(err) {
			a.wait(action, err)
			return now.Add(passingPause), nil
		}
		a.full = false
		if err != nil {
			return time.Time{}, err
		}
	}
}

// learn takes up what others made while this authority was away. The caller holds mu.
func (a *Authority) learn() {
	doc := a.Documents.Latest()
	if doc == nil {
		return
	}
	if err := a.voter.Learn(doc); err != nil {
		a.Log.Error("there is a network document that cannot be true beside the one that was "+
			"signed here: nothing is signed after it until people have looked at both",
			"epoch", doc.Epoch, "error", err)
	}
}

// wait puts back what the disk refused for now, and says so once. The caller holds mu.
func (a *Authority) wait(action directory.Action, err error) {
	if !a.full {
		a.full = true
		a.Log.Error("nothing is signed, and there is no next network document, until the disk "+
			"takes what will be signed; "+durable.Trouble(err), "error", err)
	}
	action.Notes = nil // they are said
	a.voter.Again(action)
}

// passingPause is how long an authority waits for a disk that is full or fails for now.
const passingPause = 5 * time.Second

func (a *Authority) do(now time.Time, action directory.Action) error {
	for _, note := range action.Notes {
		a.Log.Info("tally", "note", note)
	}
	switch action.Do {
	case directory.DoPersist:
		if err := a.keep(a.Home.Path(recordFile), action.Record.Marshal()); err != nil {
			return fmt.Errorf("recording what will be signed: %w", err)
		}
		return a.voter.Persisted(action.Record)
	case directory.DoPublish:
		return a.publish(now, action.Document)
	case directory.DoReport:
		a.Log.Warn("there is no new network document, and the last one serves until it expires: "+
			"the tally above says who is missing", "error", action.Err)
		a.untallied(action)
	case directory.DoVote:
		a.say(council.Word{Vote: action.Relay})
	case directory.DoEndorse:
		a.say(council.Word{Signature: action.Endorsement})
	case directory.DoNothing:
	}
	return nil
}

// publish has the document served. One that contradicts what is here already is evidence, which the
// documents keep and tell of.
func (a *Authority) publish(now time.Time, doc *directory.Document) error {
	err := a.Documents.Add(now, doc)
	var proof *directory.Contradiction
	if errors.As(err, &proof) {
		a.Log.Error("the network document that was signed contradicts another one: the network "+
			"may be split", "epoch", doc.Epoch, "error", err)
		return nil
	}
	if err == nil {
		a.Log.Info("network document made", "epoch", doc.Epoch, "nodes", len(doc.Nodes),
			"signatures", len(doc.Signatures), "authorities", len(a.others)+1)
	}
	return err
}

// say tells all others who do not know it already.
func (a *Authority) say(w council.Word) {
	frames := w.Frames()
	genesis := a.Home.Genesis.At(w.Epoch())
	until := genesis.Schedule().StartOf(w.Epoch())
	for _, o := range a.others {
		if _, named := genesis.Authority(o.who.ID); !named {
			continue
		}
		if w.Vote == nil || !w.Vote.KnownTo(o.who.ID) {
			o.say(frames, until)
		}
	}
}
