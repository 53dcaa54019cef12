package testnet

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
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	mixnode "murmuration/mix/node"
	"murmuration/provider"
	providernode "murmuration/provider/node"
)

// TestDriversInVirtualTime runs the real drivers of all nodes and of two people over memory links across
// five ends of epochs. Just before each of them Ada posts, so that requests and replies are under way
// when keys and documents change; Bob reads every post, and every packet that was sent is found.
func TestDriversInVirtualTime(t *testing.T) {
	const crossings = 5
	plan := fastPlan(t)
	plan.Width = 1
	thinOut(&plan.Parameters, 4)
	homes := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		n := found(t, plan)
		fabric := link.NewFabric()
		ctx, cancel := context.WithCancel(context.Background())
		ada, bob := person(t, homes, "ada", n.Genesis, fabric), person(t, homes, "bob", n.Genesis, fabric)
		var nodes map[string]Runner
		var people errgroup.Group
		o := memory(fabric)
		err := n.Run(ctx, o, func(running map[string]Runner) {
			nodes = running
			people.Go(func() error { return ada.Run(ctx) })
			people.Go(func() error { return bob.Run(ctx) })
			people.Go(func() error {
				defer cancel()
				cross(t, n, crossings, ada, bob)
				checkPeople(t, ada, bob)
				return nil
			})
		})
		if err := errors.Join(err, people.Wait(), ada.Close(), bob.Close()); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if !everybodyHas(n, fmt.Sprintf("%d.document", crossings)) {
			t.Errorf("not every node has the document of epoch %d", crossings)
		}
		for name, node := range nodes {
			checkNode(t, name, node)
		}
	})
}

// thinOut makes the streams of people slower, because every packet costs some writes to the disk.
func thinOut(p *directory.Parameters, by time.Duration) {
	p.PayloadEvery, p.LoopEvery, p.DropEvery = by*p.PayloadEvery, by*p.LoopEvery, by*p.DropEvery
}

func person(t *testing.T, homes, name string, g *directory.Genesis, fabric *link.Fabric) *client.Client {
	t.Helper()
	home := filepath.Join(homes, name)
	if err := client.Create(home, client.Init{Name: name, Genesis: g}); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{Home: home, Transport: fabric.Transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// cross has Ada post just before the end of each epoch, and looks at what Bob has when all must be there.
func cross(t *testing.T, n *Network, crossings int, ada, bob *client.Client) {
	length := n.Plan.Parameters.EpochLength
	<-time.After(length / 2) // everybody is connected
	feed, err := ada.Publish()
	if err == nil {
		err = bob.Follow(feed.String(), "ada")
	}
	var want []string
	for e := range crossings {
		<-time.After(time.Until(n.Plan.Start.Add(time.Duration(e+1)*length - n.Plan.Parameters.PayloadEvery)))
		want = append(want, fmt.Sprintf("at the end of epoch %d", e))
		if err == nil {
			_, err = ada.Post(client.Draft{Text: want[e]})
		}
	}
	<-time.After(2 * length)
	posts, failed := bob.Timeline(2 * crossings)
	if err := errors.Join(err, failed); err != nil {
		t.Error(err)
	}
	var got []string
	for _, p := range slices.Backward(posts) { // the newest comes first
		got = append(got, p.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("Bob reads %q, want %q", got, want)
	}
}

// checkPeople sees to it that every loop of the two came back.
func checkPeople(t *testing.T, people ...*client.Client) {
	for _, c := range people {
		s := c.Status()
		if s.LoopsOf == 0 || s.Loops < 1 || s.Resent > 0 {
			t.Errorf("%.1f %% of %d loops of %s came back, and %d requests were sent again", 100*s.Loops, s.LoopsOf, s.Name, s.Resent)
		}
		for reason, n := range s.Refused {
			if n > 0 {
				t.Errorf("%s refused %d frames: %s", s.Name, n, reason)
			}
		}
	}
}

func checkNode(t *testing.T, name string, node Runner) {
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

// TestNeverTwoDocumentsForOneEpoch: an authority that crashed after it had recorded what it signs, before
// anybody had it, signs the same again, although other nodes are there by now. A damaged record stops it.
func TestNeverTwoDocumentsForOneEpoch(t *testing.T) {
	plan := fastPlan(t)
	synctest.Test(t, func(t *testing.T) {
		n := found(t, plan)
		home := n.Nodes[0].Dir
		document, record := filepath.Join(home, "documents", "0.document"), filepath.Join(home, "signed")
		before := runUntil(t, n, document)
		for _, node := range n.Nodes {
			if err := os.RemoveAll(filepath.Join(node.Dir, "documents")); err != nil {
				t.Fatal(err)
			}
		}
		if after := runUntil(t, n, document, "mix-6"); !bytes.Equal(after, before) {
			t.Error("a second document was signed for epoch 0")
		}
		if _, err := Verify(plan.Dir); err != nil {
			t.Errorf("control: %v", err)
		}
		flip(t, document)
		if _, err := Verify(plan.Dir); err == nil {
			t.Error("a document with a bad signature is good for Verify")
		}
		flip(t, document)
		flip(t, record)
		if _, err := n.Open(n.Nodes[0], memory(link.NewFabric())); err == nil || !strings.Contains(err.Error(), record) {
			t.Errorf("opening an authority with a damaged record: %v", err)
		}
	})
}

// runUntil runs all nodes but some until a file is there, and gives its contents.
func runUntil(t *testing.T, n *Network, file string, skip ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o := memory(link.NewFabric())
	o.Skip = skip
	err := n.Run(ctx, o, func(map[string]Runner) {
		go func() { // ends with the file or with the epoch
			defer cancel()
			for range 39 {
				<-time.After(n.Plan.Parameters.EpochLength / 100)
				if _, err := os.Stat(file); err == nil {
					return
				}
			}
		}()
	})
	raw, missing := os.ReadFile(file)
	if err := errors.Join(err, missing); err != nil {
		t.Fatal(err)
	}
	return raw
}

// found makes a network of the plan in a bubble of virtual time.
func found(t *testing.T, plan Plan) *Network {
	t.Helper()
	<-time.After(26 * 365 * 24 * time.Hour) // a bubble begins in the year 2000, a network may not
	plan.Start = time.Now()
	n, err := New(plan)
	if err != nil {
		t.Fatal(err)
	}
	n.Release()
	return n
}

// memory is a network without sockets and Badger.
func memory(fabric *link.Fabric) Options {
	return Options{
		Transport: func(_ *Node, cfg link.Config) (link.Transport, error) { return fabric.Transport(cfg) },
		Store:     func(*Node) providernode.Store { return box.NewMemStore(0) },
	}
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

// TestStoppedLayerIsNoticed is the control of TestDriversInVirtualTime: with one layer stopped, every mix that is
// left sees its loops vanish, raises the alarm, and nothing of theirs comes back.
func TestStoppedLayerIsNoticed(t *testing.T) {
	plan := fastPlan(t)
	synctest.Test(t, func(t *testing.T) {
		n := found(t, plan)
		fabric := link.NewFabric()
		ctx, cancel := context.WithCancel(context.Background())
		stop := make(chan string)
		o := memory(fabric)
		o.Stop = stop
		err := n.Run(ctx, o, func(running map[string]Runner) {
			go func() { // ends with the test's last check
				defer cancel()
				<-time.After(plan.Parameters.EpochLength / 2)
				stopped := layer(t, n, 2)
				for _, name := range stopped {
					stop <- name
				}
				<-time.After(2 * plan.Parameters.EpochLength)
				checkAlarms(t, running, stopped)
			}()
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// layer is the names of the mixes in a layer of the first document.
func layer(t *testing.T, n *Network, i int) (names []string) {
	raw, err := os.ReadFile(filepath.Join(n.Nodes[0].Dir, "documents", "0.document"))
	if err != nil {
		t.Error(err)
		return nil
	}
	doc, err := directory.ParseDocument(raw)
	if err != nil {
		t.Error(err)
		return nil
	}
	for _, node := range doc.Layer(i) {
		names = append(names, node.Name)
	}
	return names
}

func checkAlarms(t *testing.T, running map[string]Runner, stopped []string) {
	if len(stopped) == 0 {
		t.Error("no mix was stopped")
	}
	for name, node := range running {
		m, isMix := node.(*mixnode.Node)
		if !isMix || slices.Contains(stopped, name) {
			continue
		}
		if _, alarm := m.LoopReturns(); !alarm {
			t.Errorf("a layer is stopped, and %s raises no alarm", name)
		}
	}
}
