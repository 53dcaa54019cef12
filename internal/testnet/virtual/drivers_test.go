package virtual

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/testnet"
	mixnode "murmuration/mix/node"
	"murmuration/provider"
)

// TestDriversInVirtualTime runs the real drivers of all nodes and of two people across five ends of
// epochs. Just before each of them Ada posts, so that requests and replies are under way when keys
// and documents change; Bob reads every post, and every packet that was sent is found.
func TestDriversInVirtualTime(t *testing.T) {
	const crossings = 5
	plan := Plan(t)
	thinOut(&plan.Parameters, 4)
	homes := t.TempDir()
	Run(t, plan, testnet.Options{}, func(n *Net) {
		ada, bob := person(n, homes, "ada"), person(n, homes, "bob")
		cross(n, crossings, ada, bob)
		checkPeople(t, ada, bob)
		for name, node := range n.Running() {
			if n.Document(name, crossings+1) == nil {
				t.Errorf("%s does not have the document of epoch %d", name, crossings+1)
			}
			checkNode(t, name, node)
		}
	})
}

// knock asks a provider for an exchange link.
func knock(n *Net, name string) error {
	params, err := n.Plan.Parameters.PacketParams()
	if err != nil {
		return err
	}
	transport, err := n.Fabric.Transport(link.Config{
		Network: n.Genesis.ID(), Identity: link.Seed{1},
		FrameSize: func(link.Kind) int { return params.PacketSize() + protocol.ExchangeOverhead },
	})
	if err != nil {
		return err
	}
	node := n.Nodes[slices.IndexFunc(n.Nodes,
		func(node *testnet.Node) bool { return node.Name == name })]
	conn, err := transport.Dial(context.Background(), link.Peer{Addr: node.Addr, Key: node.Key()},
		link.Exchange)
	if err != nil {
		return err
	}
	return conn.Close()
}

// thinOut makes the streams of people slower, because every packet costs some writes to the disk.
func thinOut(p *directory.Parameters, by time.Duration) {
	p.PayloadEvery, p.LoopEvery, p.DropEvery = by*p.PayloadEvery, by*p.LoopEvery, by*p.DropEvery
}

// person makes a home and runs its client to the end of the story.
func person(n *Net, homes, name string) *client.Client {
	home := filepath.Join(homes, name)
	if err := client.Create(home, client.Init{Name: name, Genesis: n.Genesis}); err != nil {
		n.t.Fatal(err)
	}
	c, err := client.New(client.Config{Home: home, Transport: n.Fabric.Transport})
	if err != nil {
		n.t.Fatal(err)
	}
	n.Go(func(ctx context.Context) error { return errors.Join(c.Run(ctx), c.Close()) })
	return c
}

// cross has Ada post just before the end of each epoch, and looks at what Bob has when all must be
// there.
func cross(n *Net, crossings int, ada, bob *client.Client) {
	n.epoch(0, 0.5) // everybody is connected
	feed, err := ada.Publish()
	if err == nil {
		err = bob.Follow(feed.String(), "ada")
	}
	var want []string
	for e := range crossings {
		n.Pass(time.Until(n.Genesis.Schedule().StartOf(directory.Epoch(e +
			1)).Add(-n.Plan.Parameters.PayloadEvery)))
		want = append(want, fmt.Sprintf("at the end of epoch %d", e))
		if err == nil {
			_, err = ada.Post(client.Draft{Text: want[e]})
		}
	}
	n.Pass(2 * n.Plan.Parameters.EpochLength)
	posts, failed := bob.Timeline(2 * crossings)
	if err := errors.Join(err, failed); err != nil {
		n.t.Error(err)
	}
	var got []string
	for _, p := range slices.Backward(posts) { // the newest comes first
		got = append(got, p.Text)
	}
	if !slices.Equal(got, want) {
		n.t.Errorf("Bob reads %q, want %q", got, want)
	}
}

// checkPeople sees to it that every loop of the two came back.
func checkPeople(t *testing.T, people ...*client.Client) {
	for _, c := range people {
		s := c.Status()
		if s.LoopsOf == 0 || s.Loops < 1 || s.Resent > 0 {
			t.Errorf("%.1f %% of %d loops of %s came back, and %d requests were sent again",
				100*s.Loops, s.LoopsOf, s.Name, s.Resent)
		}
		for reason, n := range s.Refused {
			// bulletins come again on each link, tokens when they were asked for twice
			again := reason == "bulletin, repeated" || reason == "token, here already"
			if n > 0 && !again {
				t.Errorf("%s refused %d frames: %s", s.Name, n, reason)
			}
		}
	}
}

func checkNode(t *testing.T, name string, node testnet.Runner) {
	received, sent := node.Totals()
	if received == 0 || sent == 0 {
		t.Errorf("%s took in %d packets and sent %d", name, received, sent)
	}
	for _, reason := range provider.Reasons() {
		if n := node.Dropped(reason); n > 0 && reason != provider.DropStream {
			t.Errorf("%s dropped %d packets: %s", name, n, reason)
		}
	}
	if m, ok := node.(*mixnode.Node); ok {
		if ratio, alarm := m.LoopReturns(); ratio < 1 || alarm {
			t.Errorf("%s saw %.0f %% of its loops return, alarm %v", name, 100*ratio, alarm)
		}
	}
}

// TestNeverTwoDocumentsForOneEpoch: an authority that crashed after it had recorded what it signs,
// before anybody had it, signs the same again, although other nodes are there by now. A damaged
// record stops it.
func TestNeverTwoDocumentsForOneEpoch(t *testing.T) {
	plan := Plan(t)
	plan.Width = 2
	Run(t, plan, testnet.Options{}, func(n *Net) {
		home := n.Nodes[0].Dir
		file, record := filepath.Join(home, "documents", "0.document"), filepath.Join(home,
			"signed")
		before := signed(n, file)
		for _, node := range n.Nodes {
			if err := errors.Join(n.stop(node.Name),
				os.RemoveAll(filepath.Join(node.Dir, "documents"))); err != nil {
				t.Fatal(err)
			}
		}
		for _, node := range n.Nodes[:len(n.Nodes)-1] { // without the last mix
			n.Start(node.Name)
		}
		if after := signed(n, file); !bytes.Equal(after, before) {
			t.Error("a second document was signed for epoch 0")
		}
		if _, err := testnet.Verify(plan.Dir); err != nil {
			t.Errorf("control: %v", err)
		}
		flip(t, file)
		if _, err := testnet.Verify(plan.Dir); err == nil {
			t.Error("a document with a bad signature is good for Verify")
		}
		flip(t, file)
		flip(t, record)
		if err := n.stop("provider-1"); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Open(n.Nodes[0], n.options); err == nil ||
			!strings.Contains(err.Error(), record) {
			t.Errorf("opening an authority with a damaged record: %v", err)
		}
	})
}

// signed waits for a document's file, up to an eighth of an epoch and a little, and reads it.
func signed(n *Net, file string) []byte {
	for range 16 {
		n.Pass(n.Plan.Parameters.EpochLength / 100)
		if raw, err := os.ReadFile(file); err == nil {
			return raw
		}
	}
	n.t.Fatalf("there is no %s", file)
	return nil
}

// flip turns a bit of a file's last byte.
func flip(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestStoppedLayerIsNoticed is the control of TestDriversInVirtualTime: with one layer stopped,
// every mix that is left sees its loops vanish, raises the alarm, and nothing of theirs comes back.
func TestStoppedLayerIsNoticed(t *testing.T) {
	plan := Plan(t)
	plan.Width = 2
	Run(t, plan, testnet.Options{}, func(n *Net) {
		n.epoch(0, 0.5)
		for _, node := range n.Document("provider-1", 0).Layer(2) {
			if err := n.stop(node.Name); err != nil {
				t.Error(err)
			}
		}
		n.Pass(2 * plan.Parameters.EpochLength)
		alarms := 0
		for name, node := range n.Running() {
			m, isMix := node.(*mixnode.Node)
			if !isMix {
				continue
			}
			if _, alarm := m.LoopReturns(); !alarm {
				t.Errorf("a layer is stopped, and %s raises no alarm", name)
			}
			alarms++
		}
		if alarms != 4 {
			t.Errorf("control: %d mixes run", alarms)
		}
	})
}
