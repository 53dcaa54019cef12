package board

import (
	"math/rand/v2"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// accused takes a proof of fraud that the provider of this client passes on. It is verified here,
// and only one about somebody who stores boxes is looked at: whoever makes keys can make proofs.
func (b *Board) accused(f bulletin.Fraud, news *News) {
	switch {
	case !b.document.Stores(f.A.Maker):
		b.count(NoMaker)
	case b.maker(f.A.Maker).fraud != nil:
		b.count(Repeated)
	case f.Verify(b.cfg.Network) != nil:
		b.count(Proof)
	default:
		b.convict(b.maker(f.A.Maker), f, news)
	}
}

// convict has nothing of a maker taken any more, for ever.
func (b *Board) convict(m *maker, f bulletin.Fraud, news *News) {
	m.fraud = &f
	b.pending.frauds = append(b.pending.frauds, f)
	news.Frauds = append(news.Frauds, f)
}

// False says whether there is proof that a maker signed two bulletins for one slot.
func (b *Board) False(id directory.NodeID) bool {
	m := b.makers[id]
	return m != nil && m.fraud != nil
}

// handOver is a proof that was found here, or that was here at the start, for a provider that has
// not got it from here. Three get it, as many as there are: that some provider knows of it is not
// enough, if it is the one that helped. What does not fit into a question stays here.
func (b *Board) handOver(others []directory.NodeID, rng *rand.Rand) (a Ask, ok bool) {
	most := box.Format{Plaintext: b.document.Parameters.BoxPlaintext}.ProofSize()
	for _, id := range b.ids {
		m := b.makers[id]
		if !m.hand || !b.document.Stores(id) {
			continue
		}
		left := slices.DeleteFunc(slices.Clone(others),
			func(o directory.NodeID) bool { return slices.Contains(m.handed, o) })
		a.Proof = m.fraud.Marshal()
		if len(m.handed) >= against || len(left) == 0 || len(a.Proof) > most {
			m.hand = false
			continue
		}
		a.Of, a.What.Kind = left[rng.IntN(len(left))], bulletin.HandProof
		b.handing = id
		return a, true
	}
	return Ask{}, false
}

// gotProof notes that a provider has answered who was handed a proof, whatever it said.
func (b *Board) gotProof(from directory.NodeID) {
	if m := b.makers[b.handing]; m != nil && !slices.Contains(m.handed, from) {
		m.handed = append(m.handed, from)
	}
}
