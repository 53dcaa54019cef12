package directory

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Why a tally gives no document.
var (
	errFewVotes      = errors.New("too few votes")
	errOtherPrevious = errors.New("the other authorities have another document before this one")
)

// signatureSize bounds one signature in a document, in bytes.
const signatureSize = 128

// Outcome is a tally's document, not yet signed, and what operators may want to know about it, one
// line each, in a fixed order.
type Outcome struct {
	Document *Document
	Notes    []string
}

func (o *Outcome) note(format string, args ...any) {
	o.Notes = append(o.Notes, fmt.Sprintf(format, args...))
}

// tally turns votes for epoch e into its document. It is a pure function of the set of votes, in
// any order, which the caller has verified: authorities that accepted the same votes get the same
// digest.
//
//   - Two different votes of one authority are proof of lying, and void both.
//   - A node is in if more than half of the accepted votes list it identically.
//   - A parameter is the low median of the accepted votes.
//   - Layers are sticky; see placeMixes. Storing sets of known days stay; see storingSets.
//
// previous is the document before, nil in the first epoch; if it was signed ahead of its time, the
// votes void it. An error comes with the notes so far.
func tally(g *Genesis, previous *Document, e Epoch, votes []*Vote) (Outcome, error) {
	var o Outcome
	accepted := o.accept(g, e, votes)
	if len(accepted) < g.Threshold {
		return o, fmt.Errorf("tallying epoch %d: %w: %d of %d", e, errFewVotes, len(accepted),
			g.Threshold)
	}
	d := &Document{Network: g.ID(), Epoch: e, Parameters: medianParameters(accepted)}
	if previous != nil {
		d.Previous = previous.Digest()
	}
	if most, n := majority(accepted,
		func(v *Vote) Digest { return v.Previous }); 2*n <= len(accepted) || most != d.Previous {
		return o, fmt.Errorf("tallying epoch %d: %w: %d of %d votes name %s, at hand is %s", e,
			errOtherPrevious, n, len(accepted), most, d.Previous)
	}
	listed := o.listed(accepted)
	d.Moved, d.Void = o.moved(g, previous, accepted), o.void(previous, e, accepted)
	if previous != nil && previous.Epoch > e && !d.restarts() {
		return o, fmt.Errorf("tallying epoch %d: %w: that of epoch %d is later, and not void", e,
			errOtherPrevious, previous.Epoch)
	}
	d.Nodes = o.nodes(previous, listed, d.Parameters.Layers)
	d.Storing = storingSets(g, previous, d, o.truthful(accepted, listed))
	if err := firstHolds(previous, d); err != nil {
		return o, fmt.Errorf("tallying epoch %d: %w", e, err)
	}
	if err := d.wellFormed(g); err != nil {
		return o, fmt.Errorf("tallying epoch %d: %w", e, err)
	}
	if n := len(d.body()) + len(g.Authorities)*signatureSize; n > MaxDocument {
		return o, fmt.Errorf("tallying epoch %d: a document of %d bytes, at most %d", e, n,
			MaxDocument)
	}
	o.Document = d
	return o, nil
}

// accept keeps one vote of each authority that voted once, sorted by authority.
func (o *Outcome) accept(g *Genesis, e Epoch, votes []*Vote) []*Vote {
	seen := map[NodeID]map[Digest]*Vote{}
	for _, v := range votes {
		if _, ok := g.Authority(v.By); !ok || v.Epoch != e || v.Network != g.ID() {
			continue
		}
		if seen[v.By] == nil {
			seen[v.By] = map[Digest]*Vote{}
		}
		seen[v.By][v.digest()] = v
	}
	var accepted []*Vote
	for _, a := range g.Authorities {
		switch of := seen[a.ID]; len(of) {
		case 0:
			o.note("%s did not vote", a.Name)
		case 1:
			accepted = slices.AppendSeq(accepted, maps.Values(of))
		default:
			o.note("%s is void: %d different votes", a.Name, len(of))
		}
	}
	return accepted
}

// majority is the value that most votes have, and how many; of two with as many, either.
func majority[T comparable](votes []*Vote, of func(*Vote) T) (T, int) {
	count := map[T]int{}
	var most T
	for _, v := range votes {
		count[of(v)]++
		if count[of(v)] > count[most] {
			most = of(v)
		}
	}
	return most, count[most]
}

// listed is the listings that more than half of the votes have, byte for byte, sorted by node.
func (o *Outcome) listed(votes []*Vote) []Listing {
	count := map[string]int{}
	in := map[NodeID]Listing{}
	names := map[NodeID]string{}
	for _, v := range votes {
		for _, l := range v.Listings {
			key := string(encode(wireListing{l.Descriptor.Marshal(), l.Probation}))
			names[l.Descriptor.ID] = l.Descriptor.Name
			if count[key]++; 2*count[key] > len(votes) {
				in[l.Descriptor.ID] = l
			}
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(names), compareIDs) {
		if _, ok := in[id]; !ok {
			o.note("%s is out: no more than half of %d votes agree on it", names[id], len(votes))
		}
	}
	return slices.SortedFunc(maps.Values(in), Listing.compare)
}

// medianParameters takes each value by itself: at least one honest vote is on either side of it, or
// it is one.
func medianParameters(votes []*Vote) Parameters {
	all := make([]wireParameters, len(votes))
	for i, v := range votes {
		all[i] = v.Parameters.wire()
	}
	var median wireParameters
	median.Suite = lowMedian(all, func(w *wireParameters) string { return w.Suite })
	for i, field := range median.numbers() {
		*field = lowMedian(all, func(w *wireParameters) uint32 { return *w.numbers()[i] })
	}
	return median.parameters()
}

func lowMedian[T int | uint32 | string](all []wireParameters, of func(*wireParameters) T) T {
	values := make([]T, len(all))
	for i := range all {
		values[i] = of(&all[i])
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// numbers is every number of w.
func (w *wireParameters) numbers() []*uint32 {
	return []*uint32{
		&w.Layers, &w.BoxPlaintext, &w.MeanHopDelay, &w.HopDelayLimit, &w.ReplyAllowance,
		&w.PayloadEvery, &w.LoopEvery, &w.DropEvery, &w.MixLoopEvery, &w.ReplicateEvery,
		&w.Replicas, &w.RetentionDays, &w.EpochLength, &w.Clients,
		&w.BulletinEvery, &w.Hold, &w.FetchDelay, &w.FetchLoad, &w.WritesPerDay, &w.StreamPerDay,
		&w.CatchUp, &w.SlowDelay, &w.WriteTokens,
	}
}

// moved is where the authorities are that are elsewhere than the genesis says: by their own votes,
// or, if they do not vote, where they were.
func (o *Outcome) moved(g *Genesis, previous *Document, votes []*Vote) (list []Address) {
	for _, a := range g.Authorities {
		at := a.Addr
		if previous != nil {
			if there, ok := previous.movedTo(a.ID); ok {
				at = there
			}
		}
		was := at
		for _, v := range votes {
			if v.By == a.ID && v.Addr != "" {
				at = v.Addr
			}
		}
		if at != was {
			o.note("%s moves from %s to %s", a.Name, was, at)
		}
		if at != a.Addr {
			list = append(list, Address{a.ID, at})
		}
	}
	return list
}

func (o *Outcome) nodes(previous *Document, listed []Listing, layers int) []Node {
	layer := o.placeMixes(previous, listed, layers)
	nodes := make([]Node, len(listed))
	for i, l := range listed {
		d := l.Descriptor
		nodes[i] = Node{
			ID: d.ID, Role: d.Role, Layer: layer[d.ID], Name: d.Name, Addr: d.Addr,
			Keys: d.Keys, Packets: twoDigits(d.Packets), Probation: l.Probation,
			Tokens: d.Tokens, Family: d.Family,
		}
	}
	shares(nodes, listed)
	return nodes
}
