package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/documents"
	"murmuration/internal/durable"
	"murmuration/internal/node"
)

// Files of an authority in its provider's home.
const (
	// AdmissionsFile lists who is admitted. Whoever can change it decides who is in the network. It
	// is read again before every vote, so that `murmur network admit` works while the authority
	// runs.
	AdmissionsFile = "admissions"
	// recordFile holds the last document that was ever signed, so that there are never two for one
	// epoch.
	recordFile = "signed"
)

// authority drives the voter of a node that the genesis names, and is the registry of that node. It
// needs a home and its documents, nothing of a provider.
type authority struct {
	home      *node.Home
	documents *documents.Set
	log       *slog.Logger
	wake      chan struct{} // one place: "there may be something to do"
	roster    *roster
	// proved is who is known to have signed two bulletins for one slot, by proofs verified here.
	proved func() []directory.NodeID

	mu    sync.Mutex // guards all below
	voter *directory.Voter
	full  bool // the disk refused at the last try
}

// newAuthority reads what the authority must know before it may sign anything.
func newAuthority(c *node.Chassis, log *slog.Logger, now time.Time,
	proved func() []directory.NodeID) (*authority, error) {
	if n := len(c.Home.Genesis.Authorities); n > 1 {
		return nil, fmt.Errorf("the genesis names %d authorities: this version of murmur runs one",
			n)
	}
	record, err := readRecord(c.Home.Path(recordFile))
	if err != nil {
		return nil, err
	}
	admitted := &roster{path: c.Home.Path(AdmissionsFile)}
	if err := admitted.read(); err != nil {
		return nil, err
	}
	a := &authority{home: c.Home, documents: c.Documents, log: log, wake: make(chan struct{}, 1),
		proved: proved, roster: admitted}
	a.voter, err = directory.NewVoter(directory.VoterConfig{
		Genesis: c.Home.Genesis, Identity: c.Home.Identity, Admitted: admitted.now(),
		Latest: c.Documents.Latest(), Record: record,
	}, now)
	return a, err
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

// run does what the voter asks until ctx ends. It ends the provider when a signature cannot be
// recorded.
func (a *authority) run(ctx context.Context) error {
	for {
		next, err := a.advance()
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

// advance does everything that is due and tells when there is more.
func (a *authority) advance() (next time.Time, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.roster.read(); err != nil {
		a.log.Error("the admissions cannot be read, and the authority goes on with those that it "+
			"read before: mend the file", "error", err)
	}
	a.voter.Admit(a.roster.now())
	a.voter.Prove(a.proved())
	for {
		now := time.Now()
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

// wait puts back what the disk refused for now, and says so once. The caller holds mu.
func (a *authority) wait(action directory.Action, err error) {
	if !a.full {
		a.full = true
		a.log.Error("nothing is signed, and there is no next network document, until the disk "+
			"takes what will be signed; "+durable.Trouble(err), "error", err)
	}
	action.Notes = nil // they are said
	a.voter.Again(action)
}

// passingPause is how long an authority waits for a disk that is full or fails for now.
const passingPause = 5 * time.Second

func (a *authority) do(now time.Time, action directory.Action) error {
	for _, note := range action.Notes {
		a.log.Info("tally", "note", note)
	}
	switch action.Do {
	case directory.DoPersist:
		if err := durable.WriteFile(a.home.Path(recordFile), action.Record.Marshal(),
			0o600); err != nil {
			return fmt.Errorf("recording what will be signed: %w", err)
		}
		return a.voter.Persisted(action.Record)
	case directory.DoPublish:
		return a.documents.Add(now, action.Document)
	case directory.DoReport:
		a.log.Warn("there is no new network document, and the last one serves until it expires: "+
			"the "+
			"tally above says who is missing", "error", action.Err)
	case directory.DoNothing:
	case directory.DoVote, directory.DoEndorse: // for several authorities
	}
	return nil
}

// Submit takes a descriptor of any node, this provider's own among them. Whoever hands it in may be
// a stranger: before admission and signature are checked, in memory, neither a file is read for
// them nor does the tally wait.
func (a *authority) Submit(_ context.Context, d *directory.Descriptor) error {
	now := time.Now()
	admitted, err := a.roster.vouch(now, a.home.Genesis, d)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.voter.Admit(admitted)
	err = a.voter.Add(now, d)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return err
}
