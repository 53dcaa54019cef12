package sender_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/protocol"
)

// till is tokens without a holder that takes them: a request carries what the till gave for it.
type till struct {
	broke map[directory.NodeID]bool // holders for which there are none
	none  bool
	never map[directory.NodeID]bool // holders for which there will be none, either
	asks  int                       // questions that are due
	asked []time.Time
	given map[box.ID][]directory.NodeID
}

func (c *till) Token(day box.Day, holder [32]byte, id box.ID) (t box.Token, ok bool) {
	if c.none || c.broke[holder] {
		return t, false
	}
	if c.given == nil {
		c.given = map[box.ID][]directory.NodeID{}
	}
	c.given[id] = append(c.given[id], holder)
	return box.Token{1, byte(day), id[0], holder[0]}, true
}

func (c *till) Hopeless(_ box.Day, holder [32]byte) bool { return c.never[holder] }

func (c *till) Question(time.Time) (q exchange.Question, ok bool) {
	elements := bytes.Repeat([]byte{byte(c.asks)}, 40*protocol.TokenElement)
	return exchange.Question{Day: 7, Holder: [32]byte{9}, Elements: elements}, c.asks > 0
}

func (c *till) Asked(at time.Time) { c.asks, c.asked = c.asks-1, append(c.asked, at) }

// paying are parameters of a network in which writes cost a token.
func paying() directory.Parameters {
	par := testParameters()
	par.WriteTokens = 300
	return par
}

// payer joins somebody at p1 who has a till.
func (n *network) payer(seed byte) (*person, *till, *shelf) {
	c, s := &till{broke: map[directory.NodeID]bool{}}, &shelf{holder: n.Node("p2").ID()}
	return n.joinWith(0, sender.Config{Seed: [32]byte{seed}, Fetches: s, Tokens: c}), c, s
}

// TestQuestionsDoNotShow: with and without questions, and with writes that wait for tokens or not,
// a link carries frames of the same sizes at the same times.
func TestQuestionsDoNotShow(t *testing.T) {
	t.Parallel()
	traced := func(seed byte, asks int, writes, broke, bare bool) *person {
		w := newNetwork(t, 1, paying())
		p, c, _ := w.payer(seed)
		c.asks, c.none = asks, broke
		if bare {
			p.SetBare()
		}
		if a := w.newAuthor(5); writes {
			for i := range 20 {
				r := write(uint64(i), a.seal(0, fmt.Sprint(i)))
				if err := p.Enqueue(w.Now(), r); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.run(40 * time.Second)
		if c.asks > 0 || len(c.asked) != asks && !bare {
			t.Errorf("%d questions left, %d did not", len(c.asked), c.asks)
		}
		return p
	}
	for seed := range byte(2) {
		quiet := traced(seed, 0, false, false, false).trace
		for name, other := range map[string]*person{
			"questions":             traced(seed, 15, false, false, false),
			"writes and questions":  traced(seed, 15, true, false, false),
			"writes without tokens": traced(seed, 15, true, true, false),
		} {
			if len(quiet) < 140 || !slices.Equal(quiet, other.trace) {
				t.Errorf("seed %d: %s show on the link", seed, name)
			}
		}
	}
	quiet, loud := traced(1, 0, true, true, true), traced(1, 0, true, false, true)
	if slices.Equal(quiet.trace, loud.trace) {
		t.Error("the control: with cover off writes do not show")
	}
}

// TestQuestionsGoInDropSlots, one each, say what was asked, and have the size of a packet; nobody
// asks where the network gives no tokens.
func TestQuestionsGoInDropSlots(t *testing.T) {
	t.Parallel()
	w := newNetwork(t, 1, paying())
	p, c, _ := w.payer(3)
	c.asks = 5
	w.run(time.Minute)
	var asked []time.Time
	for i, s := range p.sent {
		up, err := exchange.ParseUp(s.Frame)
		if err != nil {
			t.Fatal(err)
		}
		if up.Kind != exchange.Tokens {
			continue
		}
		asked = append(asked, p.times[i])
		q, err := exchange.ParseQuestion(up.Packet)
		if err != nil || s.Stream != sender.Drop || q.Day != 7 || q.Holder != [32]byte{9} ||
			len(q.Elements) != 40*32 || q.Elements[0] != byte(6-len(asked)) {
			t.Errorf("question %d in the %v stream: %v", len(asked), s.Stream, err)
		}
	}
	if len(asked) != 5 || !slices.Equal(asked, c.asked) {
		t.Errorf("questions left at %v, the till was told %v", asked, c.asked)
	}
	free := newNetwork(t, 1, testParameters())
	p, c, _ = free.payer(3)
	c.asks, c.none = 5, true
	if err := p.Enqueue(free.Now(), write(1, free.newAuthor(5).seal(0, "x"))); err != nil {
		t.Fatal(err)
	}
	free.run(2 * time.Minute)
	if len(c.asked) != 0 || p.Waiting() != 0 {
		t.Errorf("where nothing is given %d ask, and %d wait", len(c.asked), p.Waiting())
	}
}

// TestWritesArePaidFor at the holder whose turn it is, at the other one where there is no token for
// that, and else they wait; they go by themselves when there are tokens, in the order of waiting,
// and to the own provider where no others will come.
func TestWritesArePaidFor(t *testing.T) {
	t.Parallel()
	w := newNetwork(t, 1, paying())
	p, c, _ := w.payer(4)
	c.none = true
	a := w.newAuthor(6)
	var ids []box.ID
	for i := range 12 {
		b := a.seal(0, fmt.Sprint(i))
		ids = append(ids, b.ID)
		if err := p.Enqueue(w.Now(), write(uint64(i), b)); err != nil {
			t.Fatal(err)
		}
	}
	w.run(time.Minute)
	if p.Waiting() != 12 || w.executed[box.OpWrite] != 0 || len(p.Handed()) != 0 {
		t.Fatalf("%d wait without tokens, %d were written", p.Waiting(), w.executed[box.OpWrite])
	}
	c.none = false
	c.broke[w.Node("p3").ID()] = true // its boxes go to p2 if that is their other holder
	w.run(3 * time.Minute)
	own, p2 := w.Node("p1").ID(), w.Node("p2").ID()
	for i, id := range ids {
		var storing []box.Holder
		for _, n := range w.Nodes() {
			if n.Layer() == 0 {
				storing = append(storing, box.Holder(n.ID()))
			}
		}
		holders := box.Placement(0, id, storing, 2)
		want := slices.Contains(holders, box.Holder(p2))
		paid := len(c.given[id]) > 0
		if paid != want || slices.Contains(c.given[id], own) || paid && c.given[id][0] != p2 {
			t.Errorf("box %d of %x was paid for at %x", i, holders, c.given[id])
		}
	}
	if n := p.Waiting(); n == 0 || n == 12 {
		t.Fatalf("%d wait: no case of each kind", n)
	}
	c.never = map[directory.NodeID]bool{w.Node("p3").ID(): true}
	w.run(3 * time.Minute)
	if p.Waiting() != 0 {
		t.Errorf("%d wait for a holder that gives no tokens", p.Waiting())
	}
	for i, id := range ids {
		if given := c.given[id]; len(given) == 0 || slices.Contains(given, p2) ==
			slices.Contains(given, own) {
			t.Errorf("box %d was paid for at %x", i, given)
		}
	}
	b := a.seal(0, "another")
	c.never, c.none = nil, true
	if err := p.Enqueue(w.Now(), write(99, b)); err != nil {
		t.Fatal(err)
	}
	w.run(time.Minute)
	c.none = false
	clear(c.broke)
	w.run(3 * time.Minute)
	if p.Waiting() != 0 || slices.Contains(c.given[b.ID], own) {
		t.Errorf("%d still wait", p.Waiting())
	}
}
