package pgstore

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// put is a box that comes, as a change.
type put struct {
	box      box.Box
	merge    bool
	replicas []box.Holder

	name   []byte // of the box under the day's key, and
	sealed []byte // its bytes for the database
	paid   []byte // the key of the token, if the same shard has it; nil for none
}

// put makes the change, sealed: who asks does the cryptography.
func (d *day) put(b box.Box, merge bool, replicas []box.Holder) *put {
	name := d.form.Name(b.ID[:])
	return &put{box: b, merge: merge, replicas: replicas, name: name,
		sealed: d.form.SealBox(b, name)}
}

func (p *put) keys() [][]byte {
	if p.paid == nil {
		return [][]byte{dayform.BoxKey(p.name)}
	}
	return [][]byte{dayform.BoxKey(p.name), p.paid}
}

func (p *put) settle(b *batch, r *request) {
	have, key := b.sheets[r.day].have, dayform.BoxKey(p.name)
	var old *box.Box
	if sealed := have[string(key)]; sealed != nil {
		if old, r.err = r.day.form.OpenBox(sealed, p.name); r.err != nil {
			return // one unreadable box is no reason to refuse the others
		}
	}
	on := have[string(p.paid)]
	var replace bool
	r.outcome, replace = box.Arrival{Old: old, Next: p.box, Merge: p.merge, Room: b.room,
		Spent: p.paid != nil && on != nil && !bytes.Equal(on, p.name)}.Settle()
	if !replace {
		return
	}
	if r.outcome.New && p.paid != nil {
		b.set(r.day, p.paid, p.name)
	}
	b.set(r.day, key, p.sealed)
	for _, peer := range p.replicas {
		b.set(r.day, dayform.AppendPlace(r.day.form.QueueKey(peer), b.place()), p.name)
	}
	switch {
	case r.outcome.New:
		b.list(r.day, p.name, p.box.ID)
	case p.box.Tombstone():
		b.unlist(r.day, p.name)
	}
}

// spend says of a token what it is spent on, where another shard has the box; or that it is not.
type spend struct {
	key, name []byte
	undo      bool
}

func (p spend) keys() [][]byte { return [][]byte{p.key} }

func (p spend) settle(b *batch, r *request) {
	on := b.sheets[r.day].have[string(p.key)]
	mine := bytes.Equal(on, p.name)
	switch {
	case b.room == box.NoRoom && (p.undo || on == nil):
		r.outcome.Status = box.StatusFull
	case p.undo && mine:
		b.remove(r.day, p.key)
	case p.undo:
	case on == nil:
		r.outcome = box.Outcome{Status: box.StatusStored, New: true}
		b.set(r.day, p.key, p.name)
	case mine:
		r.outcome.Status = box.StatusStored
	default:
		r.outcome.Status = box.StatusUnpaid
	}
}

// writePaid writes a box with a token that another shard keeps: the token is spent on the box
// before the box is stored, so that a crash between them leaves a token that is good for this box
// alone, and never one that is good for two. What then does not need it gives it back.
func (s *Store) writePaid(d *day, p *put, there *shard, key []byte) (box.Outcome, error) {
	home := s.at(d, p.name)
	defer s.paying.lock(string(key))()
	old, err := s.load(d, p.name)
	if err != nil {
		return box.Outcome{}, err
	}
	if old != nil { // there is nothing to pay
		return s.ask(home, d, p)
	}
	if home.away.Load() {
		return box.Outcome{}, fmt.Errorf("%w: %s", box.ErrAway, home.name)
	}
	spent, err := s.ask(there, d, spend{key: key, name: p.name})
	if err != nil || spent.Status != box.StatusStored {
		return box.Outcome{Status: spent.Status}, err
	}
	o, err := s.ask(home, d, p)
	if spent.New && !o.New && (err == nil || errors.Is(err, box.ErrAway)) {
		if _, wrong := s.ask(there, d, spend{key: key, name: p.name, undo: true}); wrong != nil {
			s.opts.Logger.Debug("a token stays spent on a box that was not stored", "error", wrong)
		}
	}
	return o, err
}

// locks are held by what they are for.
type locks struct {
	mu   sync.Mutex // guards held
	held map[string]chan struct{}
}

// lock waits until nobody holds the name, and returns what ends the holding.
func (l *locks) lock(name string) (unlock func()) {
	for {
		l.mu.Lock()
		other := l.held[name]
		if other == nil {
			if l.held == nil {
				l.held = make(map[string]chan struct{})
			}
			mine := make(chan struct{})
			l.held[name] = mine
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				delete(l.held, name)
				l.mu.Unlock()
				close(mine)
			}
		}
		l.mu.Unlock()
		<-other
	}
}
