package virtual

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/checkup"
	"murmuration/internal/directory"
	"murmuration/internal/node"
	"murmuration/internal/testnet"
)

func (n *Net) state(home string) *node.State {
	n.t.Helper()
	s, err := node.ReadState(home)
	if err != nil {
		n.t.Fatal(err)
	}
	return s
}

func (n *Net) home(name string) string { return filepath.Join(n.Plan.Dir, name) }

// TestLeaving: a mix that is told to leave is in no document that is made later, serves out those
// that have it, and ends by itself; nobody's loops are lost for it. Who takes it back stays.
func TestLeaving(t *testing.T) {
	plan := Plan(t)
	plan.Width = 2
	Run(t, plan, testnet.Options{}, func(n *Net) {
		in := func(e directory.Epoch, name string) bool {
			for _, one := range n.Document("provider-1", e).Nodes {
				if one.Name == name {
					return true
				}
			}
			return false
		}
		n.epoch(2, 0.7)
		if s := n.state(n.home("mix-1")); !s.InDocument || s.Leaving || s.Layer == 0 ||
			s.Clocks == 0 || s.Ahead.Abs() > 2*time.Millisecond || s.Refusal != "" ||
			s.Trouble != "" || s.Twice || !strings.Contains(s.Reach, "found it") {
			t.Errorf("before: %+v", s)
		}
		for name, needed := range map[string]bool{"provider-1": true, "provider-2": false,
			"mix-1": false} {
			home, err := node.OpenHome(n.home(name))
			if err != nil {
				t.Fatal(err)
			}
			if why := checkup.Irreplaceable(home); (why != "") != needed {
				t.Errorf("%s cannot leave: %q", name, why)
			}
		}
		bare := filepath.Join(t.TempDir(), "bare") // of which nothing is known yet
		err := os.CopyFS(bare, os.DirFS(n.home("mix-1")))
		err = errors.Join(err, os.RemoveAll(filepath.Join(bare, "documents")),
			os.Chmod(filepath.Join(bare, "identity.key"), 0o600))
		if err != nil {
			t.Fatal(err)
		}
		home, err := node.OpenHome(bare)
		if err != nil || checkup.Irreplaceable(home) == "" {
			t.Errorf("a node without a document can leave: %v", err)
		}
		if err := node.Leave(n.home("mix-1")); err != nil || node.Leave(n.home("mix-1")) == nil {
			t.Fatal(err)
		}
		n.epoch(3, 0.95)
		if !in(3, "mix-1") || in(4, "mix-1") {
			t.Error("it is not left out of the next document")
		}
		left := n.running["mix-1"]
		select {
		case err := <-left.done:
			t.Fatalf("it ended before its document did: %v", err)
		default:
		}
		if s := n.state(n.home("mix-1")); !s.Leaving || !s.InDocument || s.LeavesAt == "" {
			t.Errorf("while it leaves: %+v", s)
		}
		n.epoch(5, 0.1)
		select {
		case err := <-left.done:
			if err != nil {
				t.Errorf("it ended with %v", err)
			}
		default:
			t.Error("it does not end")
		}
		delete(n.running, "mix-1")
		if err := left.node.Close(); err != nil {
			t.Error(err)
		}
		for name, r := range n.Running() {
			if s := n.state(n.home(name)); s.LoopAlarm || s.Loops > 0 && s.Loops < 0.9 {
				t.Errorf("%s: loops %v", name, s.Loops)
			}
			_ = r
		}
		if err := node.Stay(n.home("mix-1")); err != nil {
			t.Fatal(err)
		}
		n.Start("mix-1")
		n.epoch(7, 0.1)
		if !in(7, "mix-1") {
			t.Error("who stays after all is not in the document again")
		}
	})
}

// TestProviderLeaves: it takes no new boxes, and stays until the last day is over for which it has
// some.
func TestProviderLeaves(t *testing.T) {
	plan := Plan(t)
	plan.Start = time.Time{}.Add(23*time.Hour + 59*time.Minute + 30*time.Second)
	Run(t, plan, testnet.Options{}, func(n *Net) {
		n.Pass(5 * time.Second)
		if err := node.Leave(n.home("provider-3")); err != nil {
			t.Fatal(err)
		}
		n.Pass(40 * time.Second) // over midnight: the set of another day is made
		latest := n.state(n.home("provider-1")).Epoch
		doc := n.Document("provider-1", directory.Epoch(latest))
		var id directory.NodeID
		for _, one := range doc.Nodes {
			if one.Name == "provider-3" {
				id = one.ID
			}
		}
		if id == (directory.NodeID{}) {
			t.Fatal("it is not in the document any more, and people have boxes there")
		}
		has := map[bool]int{}
		for _, set := range doc.Storing {
			found := false
			for _, holder := range set.Nodes {
				found = found || holder == id
			}
			has[found]++
		}
		if has[true] == 0 || has[false] == 0 {
			t.Errorf("it stores for %d days and not for %d", has[true], has[false])
		}
		if n.Node("provider-3") == nil || !n.state(n.home("provider-3")).Leaving {
			t.Error("it is gone")
		}
	})
}

// TestTwins: of two processes with one identity each learns within two epochs that it is not alone,
// or is the one that the document has; nobody else is blamed, and the network goes on.
func TestTwins(t *testing.T) {
	plan := Plan(t)
	Run(t, plan, testnet.Options{}, func(n *Net) {
		n.epoch(1, 0.5)
		for name := range n.Running() {
			if n.state(n.home(name)).Twice {
				t.Errorf("control: %s says that it runs twice", name)
			}
		}
		twin := filepath.Join(n.Plan.Dir, "twin")
		if err := os.CopyFS(twin, os.DirFS(n.home("mix-1"))); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(twin, "identity.key"), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, _ := filepath.Glob(filepath.Join(twin, "keys", "*.key"))
		for _, key := range keys {
			if err := os.Chmod(key, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var original *testnet.Node
		for _, one := range n.Nodes {
			if one.Name == "mix-1" {
				original = one
			}
		}
		r, err := n.Open(&testnet.Node{Name: "mix-1", Role: original.Role, Dir: twin,
			Addr: "127.0.0.1:9"}, n.options)
		if err != nil {
			t.Fatal(err)
		}
		l := n.begin(r.Run)
		twice := map[string]bool{}
		for e := directory.Epoch(2); e < 8; e++ {
			n.epoch(e, 0.3)
			for _, home := range []string{n.home("mix-1"), twin} {
				if n.state(home).Twice {
					twice[filepath.Base(home)] = true
				}
			}
		}
		if len(twice) == 0 {
			t.Error("nobody notices that one identity runs twice")
		}
		for name := range n.Running() {
			if s := n.state(n.home(name)); s.Twice && name != "mix-1" || !s.InForce {
				t.Errorf("%s: %+v", name, s)
			}
		}
		l.stop()
		if err := <-l.done; err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}
