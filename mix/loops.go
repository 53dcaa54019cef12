package mix

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"murmuration/internal/cover"
	"murmuration/internal/directory"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
)

// A loop counts as lost when it is late by this much beyond its own delays: links that connect,
// queues and fsyncs take time too, whatever the hop delay.
const (
	patience = 8 // mean hop delays
	slack    = time.Second
)

// Loops is the mix's own traffic: packets to itself around the whole ring, at rate λM, by which it
// notices neighbours that drop or hold back what it sends (Loopix, section 4.1.4). It is pure.
type Loops struct {
	self    directory.NodeID
	params  *sphinx.Params
	slots   *cover.Schedule
	choice  *rand.Rand
	secrets io.Reader
	doc     *directory.Document
	epochs  directory.Schedule
	returns *Returns
}

// LoopsConfig is what loops are made from.
type LoopsConfig struct {
	Self    directory.NodeID
	Params  *sphinx.Params
	Epochs  directory.Schedule
	Every   time.Duration // 1/λM
	Times   *rand.Rand    // gaps between loops, and nothing else
	Choice  *rand.Rand    // paths and delays
	Secrets io.Reader     // key material of packets
}

// NewLoops starts the stream at now.
func NewLoops(cfg LoopsConfig, now time.Time) *Loops {
	return &Loops{
		self: cfg.Self, params: cfg.Params, epochs: cfg.Epochs, choice: cfg.Choice,
		secrets: cfg.Secrets,
		slots:   cover.NewSchedule(cfg.Times, cfg.Every, now),
		returns: NewReturns(),
	}
}

// SetDocument switches to the document of a new epoch; nil, when there is none in force, makes no
// loops.
func (l *Loops) SetDocument(doc *directory.Document) {
	l.doc = doc
	if doc == nil {
		return
	}
	previous, next := doc.Neighbours(l.self)
	neighbours := map[directory.NodeID]struct{}{}
	for _, n := range append(previous, next...) {
		neighbours[n.ID] = struct{}{}
	}
	l.returns.Keep(neighbours)
}

// Name is what the document in force calls a node.
func (l *Loops) Name(id directory.NodeID) string {
	if l.doc != nil {
		if n, ok := l.doc.Node(id); ok {
			return n.Name
		}
	}
	return "a node that is not listed"
}

// Returns is the record of what came back.
func (l *Loops) Returns() *Returns { return l.returns }

// Next is the time of the next loop.
func (l *Loops) Next() time.Time { return l.slots.Next() }

// Due makes the loop of a slot that has come; ok is false when none has. A node that slept does not
// catch up.
func (l *Loops) Due(now time.Time) (d transit.Departure, ok bool, err error) {
	l.returns.Expire(now)
	if l.slots.Next().After(now) || l.doc == nil {
		return transit.Departure{}, false, nil
	}
	l.slots.Advance()
	l.slots.Skip(now)
	d, err = l.build(now)
	return d, err == nil, err
}

// build draws one node of every layer from the next one round to this mix.
func (l *Loops) build(now time.Time) (transit.Departure, error) {
	ids, err := l.path()
	if err != nil {
		return transit.Departure{}, err
	}
	epoch, err := l.epochs.Epoch(now)
	if err != nil {
		return transit.Departure{}, err
	}
	var id sphinx.RecipientID
	if _, err := io.ReadFull(l.secrets, id[:]); err != nil {
		return transit.Departure{}, err
	}
	hops := make([]sphinx.Hop, len(ids))
	par := l.doc.Parameters
	deadline := now.Add(patience*par.MeanHopDelay + slack)
	for i, node := range ids {
		key, err := l.doc.Key(node, epoch)
		if err != nil {
			return transit.Departure{}, fmt.Errorf("making a loop: %w", err)
		}
		hops[i] = sphinx.Hop{ID: sphinx.NodeID(node), Key: key,
			Delay: cover.HopDelay(l.choice, par.MeanHopDelay, par.HopDelayLimit)}
		deadline = deadline.Add(hops[i].Delay)
	}
	hops[len(hops)-1].Recipient = &id
	packet, err := l.params.New(l.secrets, hops, nil, nil)
	if err != nil {
		return transit.Departure{}, fmt.Errorf("making a loop: %w", err)
	}
	l.returns.Sent(id, ids[0], ids[len(ids)-2], deadline)
	return transit.Departure{To: ids[0], Packet: packet}, nil
}

func (l *Loops) path() ([]directory.NodeID, error) {
	me, ok := l.doc.Node(l.self)
	if !ok {
		return nil, fmt.Errorf("this mix is not in the document of epoch %d", l.doc.Epoch)
	}
	rounds := l.doc.Parameters.Layers + 1 // the providers are layer 0
	ids := make([]directory.NodeID, 0, rounds)
	for step := 1; step < rounds; step++ {
		layer := l.doc.Ring(me.Layer + step) // those on probation, too: it shows whether they work
		if len(layer) == 0 {
			return nil, fmt.Errorf("layer %d has no node", (me.Layer+step)%rounds)
		}
		ids = append(ids, layer[l.choice.IntN(len(layer))].ID)
	}
	return append(ids, l.self), nil
}
