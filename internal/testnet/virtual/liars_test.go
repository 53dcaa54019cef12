package virtual

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/directory/council"
	"murmuration/internal/link"
	"murmuration/internal/long"
	"murmuration/internal/testnet"
)

// notes is the log of all nodes.
type notes struct {
	mu sync.Mutex // guards text
	bytes.Buffer
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Buffer.Write(b)
}

func (n *notes) count(what string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Count(n.String(), what)
}

// liar plays an authority that does not run: what it says, and to whom, is the test's.
type liar struct {
	*Net
	honest   []string // the others, who do not lie
	node     *testnet.Node
	identity *directory.Identity
	dial     link.Transport
}

// playLiar takes the part of an authority that was skipped.
func playLiar(n *Net, name string, honest ...string) *liar {
	n.t.Helper()
	for _, node := range n.Nodes {
		if node.Name != name {
			continue
		}
		seed := node.Seed()
		transport, err := n.Fabric.Transport(link.Config{Network: n.Genesis.ID(), Identity: seed,
			FrameSize: func(link.Kind) int { return council.FrameSize }})
		if err != nil {
			n.t.Fatal(err)
		}
		return &liar{n, honest, node, directory.NewIdentity(seed), transport}
	}
	n.t.Fatalf("%s is no node", name)
	return nil
}

// vote is one for nobody; each number is another vote.
func (l *liar) vote(e directory.Epoch, number int) council.Word {
	v := &directory.Vote{Network: l.Genesis.ID(), Epoch: e, By: l.identity.ID(),
		Parameters: l.Genesis.Parameters}
	if before := l.Document(l.honest[0], e-1); before != nil {
		v.Previous = before.Digest()
	}
	v.Parameters.PayloadEvery += time.Duration(number) * time.Millisecond
	v.Sign(l.identity)
	return council.Word{Vote: &directory.Relay{Vote: v}}
}

// tell says words to one authority, over a link of its own.
func (l *liar) tell(to string, words ...council.Word) error {
	for _, node := range l.Nodes {
		if node.Name != to {
			continue
		}
		conn, err := l.dial.Dial(context.Background(), link.Peer{Addr: node.Addr, Key: node.Key()},
			link.Council)
		if err != nil {
			return err
		}
		defer conn.Close()
		for _, w := range words {
			if err := council.Send(conn, w.Frames()); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s is no node", to)
}

func (l *liar) mustTell(to string, words ...council.Word) {
	l.t.Helper()
	if err := l.tell(to, words...); err != nil {
		l.t.Errorf("telling %s: %v", to, err)
	}
}

// lies are what an authority does in the epoch before e, and whether, if it is one of four, all of
// the honest ones find it out, or none.
var lies = map[string]struct {
	found bool
	lie   func(l *liar, e directory.Epoch)
}{
	"two votes": {true, func(l *liar, e directory.Epoch) {
		l.epoch(e-1, 0.4)
		for i, to := range l.honest {
			l.mustTell(to, l.vote(e, i%2))
		}
	}},
	"two votes to one alone": {true, func(l *liar, e directory.Epoch) {
		l.epoch(e-1, 0.4)
		l.mustTell(l.honest[0], l.vote(e, 1), l.vote(e, 2))
	}},
	"a vote too late": {false, func(l *liar, e directory.Epoch) {
		l.epoch(e-1, 0.4)
		for _, to := range l.honest[1:] {
			l.mustTell(to, l.vote(e, 1))
		}
		l.epoch(e-1, 0.6) // the second sub-round, in which one signature is too few
		l.mustTell(l.honest[0], l.vote(e, 2))
	}},
	"one vote, the control": {false, func(l *liar, e directory.Epoch) {
		l.epoch(e-1, 0.4)
		for _, to := range l.honest {
			l.mustTell(to, l.vote(e, 1))
		}
	}},
	"signatures of what nobody made": {false, func(l *liar, e directory.Epoch) {
		l.epoch(e-1, 0.63)
		for i, to := range l.honest {
			l.mustTell(to, council.Word{Signature: &directory.Endorsement{Epoch: e,
				Digest:    directory.Digest{byte(i)},
				Signature: directory.Signature{By: l.identity.ID()}}})
		}
	}},
	"what is no frame": {false, func(l *liar, e directory.Epoch) {
		l.epoch(e-1, 0.4)
		for _, to := range l.honest {
			good := l.vote(e, 1).Frames()[0]
			good[2] = 1
			if err := l.babble(to, good); err == nil {
				l.t.Errorf("%s answers what is no frame", to)
			}
		}
	}},
}

// babble sends one frame, and waits for an answer.
func (l *liar) babble(to string, frame []byte) error {
	for _, node := range l.Nodes {
		if node.Name != to {
			continue
		}
		conn, err := l.dial.Dial(context.Background(), link.Peer{Addr: node.Addr, Key: node.Key()},
			link.Council)
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := conn.Send(frame); err != nil {
			return err
		}
		return conn.Receive(make([]byte, council.FrameSize))
	}
	return nil
}

// TestSomeOfThemLie: over links, with real drivers, whatever one of four authorities or two of
// seven say, the others make each document, all the same one; and a lie that proves itself is
// found by all. MURMUR_EPOCHS says over how many epochs of each network.
func TestSomeOfThemLie(t *testing.T) {
	networks := []int{4}
	rounds := 1
	if n := long.Count(t, "MURMUR_EPOCHS", 1, 0); n > 0 { // just authorities
		networks, rounds = []int{4, 7}, (n+len(lies)-1)/len(lies)
	}
	for _, n := range networks {
		epochs := lied(t, n, rounds)
		counted.Say(t, "authorities", "over links, %d of %d lie in %d ways: %d epochs, 0 splits",
			faulty(n), n, len(lies), epochs)
	}
}

// faulty is how many of n may lie.
func faulty(n int) int { return (n - 1) / 3 }

// lied is how many epochs passed in which the first of so many authorities lied in each way.
func lied(t *testing.T, authorities, rounds int) (epochs int) {
	var said notes
	plan := founded(t, authorities)
	o := testnet.Options{Log: slog.New(slog.NewTextHandler(&said, nil))}
	var honest []string
	for i := range authorities {
		name := fmt.Sprint("provider-", i+1)
		if i < faulty(authorities) {
			o.Skip = append(o.Skip, name)
		} else {
			honest = append(honest, name)
		}
	}
	Run(t, plan, o, func(n *Net) {
		var liars []*liar
		for _, name := range o.Skip {
			liars = append(liars, playLiar(n, name, honest...))
		}
		e := directory.Epoch(2)
		for range rounds {
			for _, name := range slices.Sorted(maps.Keys(lies)) {
				before := said.count("provider-1 is void")
				for _, l := range liars {
					lies[name].lie(l, e)
				}
				n.epoch(e, 0.05)
				n.made(e)
				found := said.count("provider-1 is void") - before
				if authorities == 4 && (found != 3 || !lies[name].found) &&
					(found != 0 || lies[name].found) {
					t.Errorf("%s: %d of 3 find the liar, want all: %t", name, found,
						lies[name].found)
				}
				e++
				epochs++
			}
		}
	})
	return epochs
}

// TestStrangersHaveNoCouncil: whoever is no authority gets no such link, a node of the network
// neither.
func TestStrangersHaveNoCouncil(t *testing.T) {
	Run(t, founded(t, 4), testnet.Options{Skip: []string{"mix-1"}}, func(n *Net) {
		n.Pass(time.Second)
		stranger := playLiar(n, "mix-1", "provider-2")
		if err := stranger.tell("provider-2", stranger.vote(1, 0)); err == nil {
			t.Error("a mix votes")
		}
	})
}

// late holds back what one authority says to the others.
type late struct {
	link.Transport
	by time.Duration
}

func (l late) Dial(ctx context.Context, to link.Peer, kind link.Kind) (link.Conn, error) {
	if kind == link.Council {
		select {
		case <-time.After(l.by):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return l.Transport.Dial(ctx, to, kind)
}

// TestSlowLinks: a delay of a sub-round's part changes nothing. One that is longer than all
// sub-rounds makes its authority one of those who do not vote, and stops nobody else.
func TestSlowLinks(t *testing.T) {
	for by, votes := range map[time.Duration]bool{
		100 * time.Millisecond: true, 1500 * time.Millisecond: false,
	} {
		var said notes
		fabric := (*Net)(nil)
		o := testnet.Options{Log: slog.New(slog.NewTextHandler(&said, nil))}
		o.Transport = func(node *testnet.Node, cfg link.Config) (link.Transport, error) {
			t, err := fabric.Fabric.Transport(cfg)
			if node.Name == "provider-1" && err == nil {
				t = late{t, by}
			}
			return t, err
		}
		o.Skip = []string{"mix-1", "mix-2", "mix-3", "provider-1", "provider-2", "provider-3",
			"provider-4"}
		Run(t, founded(t, 4), o, func(n *Net) {
			fabric = n
			n.options.Skip = nil
			n.startAll()
			n.epoch(4, 0.1)
			n.made(4)
			if silent := said.count("provider-1 did not vote"); (silent == 0) != votes {
				t.Errorf("delayed by %s: %d say that it did not vote", by, silent)
			}
		})
	}
}
