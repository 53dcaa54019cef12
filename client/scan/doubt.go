package scan

import (
	"time"

	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
)

// Kind is what there is against a maker of bulletins.
type Kind uint8

// The kinds, the gravest first.
const (
	False    Kind = iota // it signed two bulletins for one slot: there is proof
	Stranger             // it listed, and gave, a box that is not its to hold
	Failing              // it does not give what it lists
	Silent               // it has listed nothing for 8 slots, here and by the word of two others
	kinds
)

// Doubt is what this client has found about a maker.
type Doubt struct {
	Maker directory.NodeID
	Kind  Kind
	Since time.Time // of a silent one: until when it was heard; may be zero
}

// Words are what a kind of doubt says of a maker, behind its name, and what to do.
func (k Kind) Words() (does, do string) {
	w := words[k]
	return w.does, w.do
}

var words = [kinds]struct{ does, do string }{
	False: {"signed two bulletins for one time, and is not used any more",
		"Nothing is to be done: the proof goes to whoever runs the network by itself, and " +
			"`murmur network findings` has it. If it is your own provider, think about a new " +
			"home with another one (`guard`)."},
	Stranger: {"announces boxes that are not its to keep",
		"Nothing is lost, others have them; tell whoever runs the network."},
	Failing: {"does not give the boxes that it says it has",
		"Nothing is lost while the other holder has them; tell whoever runs the network."},
	Silent: {"has announced nothing",
		"Nothing is lost: other holders announce the boxes that it has, too, and you read them a " +
			"little later. If it lasts, tell whoever runs the network."},
}

// Doubts are what there is against makers, by kinds. A maker is named once, by the gravest.
func (s *Scan) Doubts() (all []Doubt) {
	s.cfg.Exclusive(func() { all = s.doubts() })
	return all
}

func (s *Scan) doubts() (all []Doubt) {
	named := map[directory.NodeID]bool{}
	add := func(k Kind, id directory.NodeID, since time.Time) {
		if !named[id] {
			named[id] = true
			all = append(all, Doubt{id, k, since})
		}
	}
	for _, f := range s.board.Frauds() {
		add(False, f.A.Maker, time.Time{})
	}
	for _, id := range s.crowd.Strangers() {
		add(Stranger, id, time.Time{})
	}
	for _, id := range s.crowd.Failing() {
		add(Failing, id, time.Time{})
	}
	for _, q := range s.board.Quiet() {
		add(Silent, q.Maker, q.Since)
	}
	return all
}

// blame tells of makers, each once for each kind while the client runs. Proofs that were kept were
// told of before. Of a silent one nothing is told: it may be back before anybody can ask.
func (s *Scan) blame(fresh []bulletin.Fraud) {
	var all []Doubt
	s.cfg.Exclusive(func() {
		for _, d := range s.doubts() {
			if d.Kind == Stranger || d.Kind == Failing {
				all = append(all, d)
			}
		}
	})
	for _, f := range fresh {
		all = append(all, Doubt{Maker: f.A.Maker, Kind: False})
	}
	for _, d := range all {
		if told := (Doubt{Maker: d.Maker, Kind: d.Kind}); !s.named[told] {
			s.named[told] = true
			does, do := d.Kind.Words()
			s.access.Tell("a provider "+does, do)
		}
	}
}
