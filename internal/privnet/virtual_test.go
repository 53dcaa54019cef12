package privnet

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/mix"
	"murmuration/provider"
)

// TestDriversInVirtualTime runs the real drivers of all nodes over memory links over five changes of
// epoch, and finds every packet that was sent.
func TestDriversInVirtualTime(t *testing.T) {
	plan := fastPlan(t)
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour) // a bubble begins in the year 2000, a network may not
		plan.Start = time.Now()
		n, err := New(plan)
		if err != nil {
			t.Fatal(err)
		}
		n.Release()
		fabric := link.NewFabric()
		ctx, cancel := context.WithCancel(context.Background())
		var nodes map[string]Runner
		o := Options{
			Transport: func(_ *Node, cfg link.Config) (link.Transport, error) { return fabric.Transport(cfg) },
			Store:     func(*Node) provider.Store { return box.NewMemStore(0) },
		}
		err = n.Run(ctx, o, func(running map[string]Runner) {
			nodes = running
			time.AfterFunc(5*plan.Parameters.EpochLength+plan.Parameters.EpochLength/2, cancel)
		})
		if err != nil {
			t.Fatal(err)
		}
		if !everybodyHas(n, "5.document") {
			t.Error("not every node has the document of epoch 5")
		}
		for name, node := range nodes {
			checkNode(t, name, node)
		}
	})
}

func checkNode(t *testing.T, name string, node Runner) {
	received, sent := node.Totals()
	if received == 0 || sent == 0 {
		t.Errorf("%s took in %d packets and sent %d", name, received, sent)
	}
	for _, reason := range mix.Reasons() {
		if n := node.Dropped(reason); n > 0 {
			t.Errorf("%s dropped %d packets: %s", name, n, reason)
		}
	}
	if m, ok := node.(*mix.Node); ok {
		if ratio, alarm := m.LoopReturns(); ratio < 1 || alarm {
			t.Errorf("%s saw %.0f %% of its loops return, alarm %v", name, 100*ratio, alarm)
		}
	}
}

// TestStoppedLayerIsNoticed is the control of the test above: with one layer stopped, every mix that is
// left sees its loops vanish, raises the alarm, and nothing of theirs comes back.
func TestStoppedLayerIsNoticed(t *testing.T) {
	plan := fastPlan(t)
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour)
		plan.Start = time.Now()
		n, err := New(plan)
		if err != nil {
			t.Fatal(err)
		}
		n.Release()
		fabric := link.NewFabric()
		ctx, cancel := context.WithCancel(context.Background())
		stop := make(chan string)
		o := Options{
			Transport: func(_ *Node, cfg link.Config) (link.Transport, error) { return fabric.Transport(cfg) },
			Store:     func(*Node) provider.Store { return box.NewMemStore(0) },
			Stop:      stop,
		}
		err = n.Run(ctx, o, func(running map[string]Runner) {
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
		m, isMix := node.(*mix.Node)
		if !isMix || slices.Contains(stopped, name) {
			continue
		}
		if _, alarm := m.LoopReturns(); !alarm {
			t.Errorf("a layer is stopped, and %s raises no alarm", name)
		}
	}
}
