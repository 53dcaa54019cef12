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
type keyring []*epochKey

type epochKey struct {
	epoch       directory.Epoch
	key         *suite.PrivateKey
	from, until time.Time // accepted, the grace included
	tags        *replay.Tags
}

func newEpochKey(n *Node, e directory.Epoch) (*epochKey, error) {
	w := n.w
	key, err := w.params.Suite().NewPrivateKey(w.seeds.of(fmt.Sprint("key ", n.life), n.Name,
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

func (r keyring) of(e directory.Epoch) *epochKey {
	for _, k := range r {
		if k.epoch == e {
			return k
		}
	}
	return nil
}

func (r *keyring) add(k *epochKey) {
	*r = append(*r, k)
	slices.SortFunc(*r, func(a, b *epochKey) int { return cmp.Compare(a.epoch, b.epoch) })
}

// forget erases the keys whose time is over, and says of which epochs they were.
func (r *keyring) forget(now time.Time) (gone []directory.Epoch) {
	*r = slices.DeleteFunc(*r, func(k *epochKey) bool {
		if now.Before(k.until) {
			return false
		}
		k.key.Erase()
		gone = append(gone, k.epoch)
		return true
	})
	return gone
}

// erase forgets everything.
func (r *keyring) erase() {
	for _, k := range *r {
		k.key.Erase()
	}
	*r = nil
}

// peel tries the key of the present epoch, then those within their grace.
func (r keyring) peel(w *World, now time.Time, packet []byte) (transit.Arrival, bool) {
	present, err := w.genesis.Schedule().Epoch(now)
	if err != nil {
		return transit.Arrival{}, false
	}
	for _, k := range r {
		if k.epoch == present {
			if hop, err := w.unwrap.Unwrap(k.key, packet); err == nil {
				return transit.Arrival{Epoch: k.epoch, Hop: hop, Packet: packet}, true
			}
		}
	}
	for _, k := range r {
		if k.epoch == present || now.Before(k.from) || !now.Before(k.until) {
			continue
		}
		if hop, err := w.unwrap.Unwrap(k.key, packet); err == nil {
			return transit.Arrival{Epoch: k.epoch, Hop: hop, Packet: packet}, true
		}
	}
	return transit.Arrival{}, false
}
