package sender

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"murmuration/internal/cover"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// router draws paths and delays for packets that leave at one time under one document.
type router struct {
	*packets
	view  *view
	epoch directory.Epoch // whose keys the packet is made with
	home  *node           // our provider, with its key of that epoch; nil: it has none
	slow  bool            // one mix on each way holds the packet for longer
}

// forward is a request's path: the own provider, a mix of each layer, then the last hop with its
// service.
func (r router) forward(
	last *node, service sphinx.RecipientID,
) ([]sphinx.Hop, time.Duration, error) {
	if r.home == nil {
		return nil, 0, errUnlisted
	}
	path := append(append([]*node{r.home}, r.mixes(r.home, last)...), last)
	return r.hops(path, 1, sphinx.Hop{Recipient: &service})
}

// back is the path of a reply by a provider: a mix of each layer, then the spool at the own one.
func (r router) back(by *node, id *sphinx.SURBID) ([]sphinx.Hop, time.Duration, error) {
	if r.home == nil {
		return nil, 0, errUnlisted
	}
	return r.hops(append(r.mixes(by, r.home), r.home), 0,
		sphinx.Hop{Recipient: &r.spool, SURBID: id})
}

// errUnlisted says that no document has a key of our provider for now.
var errUnlisted = fmt.Errorf("%w: it does not list our provider", ErrDocument)

// mixes draws one mix of each layer for a path between two providers. Those of one family are in
// one layer, so that a path has one of them at most.
func (r router) mixes(from, to *node) []*node {
	path := make([]*node, 0, protocol.PathHops(len(r.view.layers)))
	for _, layer := range r.view.layers {
		path = append(path, drawMix(apart(layer, from, to), r.route))
	}
	return path
}

// apart is the mixes of a layer that are of neither end's family; all, if there are no others:
// whoever runs a whole layer is met in any case.
func apart(layer []*node, from, to *node) []*node {
	related := func(n *node) bool {
		return n.family != "" && (n.family == from.family || n.family == to.family)
	}
	if !slices.ContainsFunc(layer, related) {
		return layer
	}
	if others := slices.DeleteFunc(slices.Clone(layer), related); len(others) > 0 {
		return others
	}
	return layer
}

// drawMix draws one by weight.
func drawMix(layer []*node, rng *rand.Rand) *node {
	unit, all := 0, 0
	for _, n := range layer {
		unit, all = divisor(unit, n.weight), all+n.weight
	}
	at := rng.IntN(all/unit) * unit
	for _, n := range layer {
		if at -= n.weight; at < 0 {
			return n
		}
	}
	return layer[len(layer)-1] // not reached: at is below the sum
}

// divisor is the greatest common one.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// hops gives every node its key and a delay of its own; the mixes begin at first, and end is what
// the last node is told besides.
func (r router) hops(
	path []*node, first int, end sphinx.Hop,
) ([]sphinx.Hop, time.Duration, error) {
	hops := make([]sphinx.Hop, len(path))
	total := time.Duration(0)
	more, at := r.more(first)
	for i, n := range path {
		key, err := n.key(r.params.Suite(), r.epoch)
		if err != nil {
			return nil, 0, fmt.Errorf("reading the key of a hop: %w", err)
		}
		if i == len(path)-1 {
			hops[i] = end
		}
		hops[i].ID, hops[i].Key = n.id, key
		hops[i].Delay = cover.HopDelay(r.route, r.view.net.MeanHopDelay, r.view.net.HopDelayLimit)
		if i == at {
			hops[i].Delay += more
		}
		total += hops[i].Delay
	}
	return hops, total, nil
}

// more is how much longer a slow packet lies at one mix, and where: in a layer drawn uniformly, as
// a provider would learn whose it is.
func (r router) more(first int) (d time.Duration, at int) {
	mean := r.view.net.SlowDelay
	if !r.slow || mean == 0 {
		return 0, first
	}
	at = first + r.route.IntN(len(r.view.layers))
	return cover.HopDelay(r.route, mean, protocol.SlowCap*mean), at
}
