package sender

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
)

// ErrDocument is returned for a document that the sender cannot build packets with.
var ErrDocument = errors.New("network document does not serve this sender")

// view is a network document made ready for building packets.
type view struct {
	epoch     directory.Epoch
	net       directory.Parameters
	layers    [][]*node
	providers []*node
	nodes     map[directory.NodeID]*node
	storing   map[box.Day][]box.Holder
	replicas  int
}

// node is a node that packets can go through, with its keys of three epochs from first on, parsed
// when first used.
type node struct {
	id     sphinx.NodeID
	first  directory.Epoch
	family string // of an operator; empty: alone
	weight int    // of a mix in its layer
	raw    [protocol.Validity][]byte
	keys   [protocol.Validity]*suite.PublicKey
}

func newView(doc *directory.Document) (*view, error) {
	v := &view{
		epoch:    doc.Epoch,
		net:      doc.Parameters,
		layers:   make([][]*node, doc.Parameters.Layers),
		nodes:    map[directory.NodeID]*node{},
		storing:  map[box.Day][]box.Holder{},
		replicas: doc.Parameters.Replicas,
	}
	for _, n := range doc.Nodes {
		if err := v.add(n); err != nil {
			return nil, err
		}
	}
	for _, set := range doc.Storing {
		for _, id := range set.Nodes {
			v.storing[box.Day(set.Day)] = append(v.storing[box.Day(set.Day)], box.Holder(id))
		}
	}
	if len(v.providers) == 0 ||
		slices.ContainsFunc(v.layers, func(l []*node) bool { return len(l) == 0 }) {
		return nil, fmt.Errorf("%w: epoch %d has a layer without nodes", ErrDocument, doc.Epoch)
	}
	return v, nil
}

func (v *view) add(listed directory.Node) error {
	if listed.Probation {
		return nil
	}
	n := &node{id: sphinx.NodeID(listed.ID), first: v.epoch, family: listed.Family,
		weight: listed.Weight(), raw: listed.Keys}
	v.nodes[listed.ID] = n
	switch {
	case listed.Role == directory.RoleProvider:
		v.providers = append(v.providers, n)
	case listed.Layer < 1 || listed.Layer > len(v.layers):
		return fmt.Errorf("%w: mix in layer %d", ErrDocument, listed.Layer)
	default:
		v.layers[listed.Layer-1] = append(v.layers[listed.Layer-1], n)
	}
	return nil
}

// serves says whether the document may be used at epoch e.
func (v *view) serves(e directory.Epoch) bool {
	return v.epoch <= e && e < v.epoch+protocol.Validity
}

// key is the node's key of epoch e.
func (n *node) key(s *suite.Suite, e directory.Epoch) (*suite.PublicKey, error) {
	i := e - n.first
	if n.keys[i] == nil {
		k, err := s.ParsePublicKey(n.raw[i])
		if err != nil {
			return nil, err
		}
		n.keys[i] = k
	}
	return n.keys[i], nil
}

// asked lists who may be asked, best first.
func (v *view) asked(r Request, own directory.NodeID) []*node {
	if r.Op != box.OpDigest {
		return v.takers(r, own)
	}
	others := slices.DeleteFunc(
		slices.Clone(v.providers),
		func(n *node) bool { return directory.NodeID(n.id) == own },
	)
	if len(others) == 0 {
		return v.providers
	}
	return others
}

// ownAfter is after how many tries elsewhere the own provider is asked to store a box.
const ownAfter = 2

// takers lists who may be asked to store a box. The own provider is one of them when two tries did
// not do; the third is then its, if all others are only one.
func (v *view) takers(r Request, own directory.NodeID) []*node {
	others := v.holders(r.Day, r.Box.ID, own)
	all := box.Placement(r.Day, r.Box.ID, v.storing[r.Day], v.replicas)
	home := v.nodes[own]
	if r.Try < ownAfter || home == nil || !slices.Contains(all, box.Holder(own)) ||
		slices.Contains(others, home) {
		return others
	}
	return append([]*node{home}, others...)
}

// holders lists who may be asked for a box, best first: its holders without the client's own
// provider, which is asked only when it is the only one.
func (v *view) holders(day box.Day, id box.ID, own directory.NodeID) []*node {
	var others, all []*node
	for _, h := range box.Placement(day, id, v.storing[day], v.replicas) {
		n := v.nodes[directory.NodeID(h)]
		if n == nil {
			continue
		}
		if all = append(all, n); directory.NodeID(h) != own {
			others = append(others, n)
		}
	}
	if len(others) == 0 {
		return all
	}
	return others
}

// asks is the node of an id that may be asked for anything: a provider, or nil.
func (v *view) asks(id directory.NodeID) *node {
	if n := v.nodes[id]; slices.Contains(v.providers, n) {
		return n
	}
	return nil
}

// views are the documents that a sender has, newest last.
type views struct {
	schedule directory.Schedule
	known    []*view
}

// add takes one in, and forgets what it replaces, and what served in no epoch since the one before
// it, in which it may be had already.
func (s *views) add(v *view) {
	s.known = append(slices.DeleteFunc(s.known, func(old *view) bool {
		return old.epoch == v.epoch || old.epoch+protocol.Validity < v.epoch
	}), v)
	slices.SortFunc(s.known, func(a, b *view) int { return cmp.Compare(a.epoch, b.epoch) })
}

// at is the newest view that has begun at t, and t's epoch; nil if none serves.
func (s *views) at(t time.Time) (*view, directory.Epoch) {
	e, err := s.schedule.Epoch(t)
	if err != nil {
		return nil, 0
	}
	for _, v := range slices.Backward(s.known) {
		if v.serves(e) {
			return v, e
		}
	}
	return nil, e
}

// home is our provider with its key of e, as of v or, where that does not list it, of a document
// before that: a provider that missed one document still carries what its own people send. It is
// nil where its keys are over.
func (s *views) home(own directory.NodeID, v *view, e directory.Epoch) *node {
	for _, old := range slices.Backward(s.known) {
		if n := old.nodes[own]; n != nil && old.epoch <= v.epoch && old.serves(e) {
			return n
		}
	}
	return nil
}

// keys is the epoch whose keys a packet of a slot at t uses: that of t, e, or the next one, from a
// moment on that each packet draws for itself in the half grace before that epoch begins. A clock
// that is a little off so stands out at no hop.
func (s *views) keys(v *view, e directory.Epoch, t time.Time, rng *rand.Rand) directory.Epoch {
	left := s.schedule.StartOf(e + 1).Sub(t)
	half := protocol.KeyGrace(s.schedule.Length) / 2
	if left > half || !v.serves(e+1) {
		return e
	}
	if time.Duration(rng.Float64()*float64(half)) >= left {
		return e + 1
	}
	return e
}

// slow says whether a slow packet with the keys of e may leave at t: before the end of that epoch
// it needs time for all that it may wait.
func (s *views) slow(v *view, e directory.Epoch, t time.Time) bool {
	return !t.Add(v.net.SlowMargin()).After(s.schedule.StartOf(e + 1))
}
