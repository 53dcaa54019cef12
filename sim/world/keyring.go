package world

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/replay"
	"murmuration/internal/suite"
	"murmuration/internal/transit"
)

// keyring is a node's Sphinx keys by epoch, with the tags seen under each: what is on its disk.
type keyring struct {
	n    *Node
	keys []*epochKey
	life uint64 // how often the disk was lost
}

type epochKey struct {
	epoch       directory.Epoch
	key         *suite.PrivateKey
	from, until time.Time // accepted, the grace included
	tags        *replay.Tags
}

func newEpochKey(n *Node, e directory.Epoch) (*epochKey, error) {
	w := n.w
	key, err := w.params.Suite().NewPrivateKey(w.seeds.of(fmt.Sprint("key ", n.keys.life), n.Name,
		uint64(e)))
	if err != nil {
		return nil, err
	}
	seed := w.seeds.of("tags", n.Name, uint64(e))
	secret := replay.Secret(seed[:])
	schedule, grace := w.genesis.Schedule(), w.genesis.Parameters.Grace
	return &epochKey{
		epoch: e, key: key, from: schedule.StartOf(e).Add(-grace),
		until: schedule.StartOf(e + 1).Add(grace),
		tags:  replay.NewTags(replay.NewSet(w.cfg.Tags, secret), math.MaxInt32, secret),
	}, nil
}

func (r *keyring) of(e directory.Epoch) *epochKey {
	for _, k := range r.keys {
		if k.epoch == e {
			return k
		}
	}
	return nil
}

// make gives the key of an epoch, made when it is first needed.
func (r *keyring) make(e directory.Epoch) (*suite.PrivateKey, error) {
	if k := r.of(e); k != nil {
		return k.key, nil
	}
	k, err := newEpochKey(r.n, e)
	if err != nil {
		return nil, fmt.Errorf("making a key of %s: %w", r.n.Name, err)
	}
	r.keys = append(r.keys, k)
	slices.SortFunc(r.keys, func(a, b *epochKey) int { return cmp.Compare(a.epoch, b.epoch) })
	r.n.relay.OpenEpoch(e, k.from, k.until, k.tags)
	return k.key, nil
}

// open has the node's core take packets under every key, as after a start.
func (r *keyring) open() {
	for _, k := range r.keys {
		r.n.relay.OpenEpoch(k.epoch, k.from, k.until, k.tags)
	}
}

// forget erases the keys whose time is over.
func (r *keyring) forget() {
	now := r.n.now()
	r.keys = slices.DeleteFunc(r.keys, func(k *epochKey) bool {
		if now.Before(k.until) {
			return false
		}
		k.key.Erase()
		r.n.relay.CloseEpoch(k.epoch)
		return true
	})
}

// erase loses the disk, and with it all keys.
func (r *keyring) erase() {
	for _, k := range r.keys {
		k.key.Erase()
	}
	r.keys = nil
	r.life++
}

// peel tries the key of the present epoch, then those within their grace.
func (r *keyring) peel(now time.Time, packet []byte) (transit.Arrival, bool) {
	w := r.n.w
	present, err := w.genesis.Schedule().Epoch(now)
	if err != nil {
		return transit.Arrival{}, false
	}
	for _, k := range r.keys {
		if k.epoch == present {
			if hop, err := w.unwrap.Unwrap(k.key, packet); err == nil {
				return transit.Arrival{Epoch: k.epoch, Hop: hop, Packet: packet}, true
			}
		}
	}
	for _, k := range r.keys {
		if k.epoch == present || now.Before(k.from) || !now.Before(k.until) {
			continue
		}
		if hop, err := w.unwrap.Unwrap(k.key, packet); err == nil {
			return transit.Arrival{Epoch: k.epoch, Hop: hop, Packet: packet}, true
		}
	}
	return transit.Arrival{}, false
}
