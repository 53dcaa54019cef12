package authority

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/documents"
	"murmuration/internal/durable"
	"murmuration/internal/link"
	"murmuration/internal/node"
)

// alone is four authorities without a node beside them, over links in memory.
type alone struct {
	t       *testing.T
	genesis *directory.Genesis
	fabric  *link.Fabric
	nodes   []*Node
	cancel  context.CancelFunc
	done    chan error
}

func newAlone(t *testing.T) *alone {
	t.Helper()
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	a := &alone{t: t, fabric: link.NewFabric(), done: make(chan error, 4)}
	var list []directory.Authority
	for i := range 4 {
		list = append(list, directory.Authority{Name: fmt.Sprint("a", i+1),
			Addr: fmt.Sprint("127.0.0.1:", 7001+i),
			ID:   directory.NewIdentity([32]byte{byte(i + 1)}).ID()})
	}
	if a.genesis, err = directory.NewGenesis("test", time.Now(), par, list, list); err != nil {
		t.Fatal(err)
	}
	var admitted directory.Admissions
	for i, role := range cast {
		admitted = admitted.Add(directory.Admission{ID: player(i).ID(), Role: role})
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	for i, one := range list {
		home := filepath.Join(t.TempDir(), one.Name)
		if _, err := node.CreateHome(home, a.genesis, [32]byte{byte(i + 1)}); err != nil {
			t.Fatal(err)
		}
		if err := durable.WriteFile(filepath.Join(home, AdmissionsFile), admitted.Marshal(),
			0o600); err != nil {
			t.Fatal(err)
		}
		n, err := Open(Config{Home: home, Listen: one.Addr, Transport: a.fabric.Transport})
		if err != nil {
			t.Fatal(err)
		}
		a.nodes = append(a.nodes, n)
		go func() { a.done <- n.Run(ctx) }() // ends with ctx
	}
	return a
}

// end stops all.
func (a *alone) end() {
	a.cancel()
	for _, n := range a.nodes {
		if err := <-a.done; err != nil {
			a.t.Error(err)
		}
		if err := n.Close(); err != nil {
			a.t.Error(err)
		}
	}
}

// transport opens links as one of the nodes that are played.
func (a *alone) transport(seed link.Seed) link.Transport {
	a.t.Helper()
	transport, err := a.fabric.Transport(link.Config{Network: a.genesis.ID(), Identity: seed,
		FrameSize: FrameSize})
	if err != nil {
		a.t.Fatal(err)
	}
	return transport
}

// handIn has every node that is played give every authority its descriptor.
func (a *alone) handIn(e directory.Epoch) {
	a.t.Helper()
	for i, role := range cast {
		d := described(a.t, a.genesis, player(i))
		d.Name, d.Role, d.Epoch = fmt.Sprint("n", i), role, e
		d.Storing = role == directory.RoleProvider
		if err := d.GiveTokens(player(i), a.genesis.Schedule()); err != nil {
			a.t.Fatal(err)
		}
		d.Sign(player(i))
		transport := a.transport(link.Seed{byte(i + 10)})
		for _, whom := range a.genesis.Authorities {
			conn, err := transport.Dial(context.Background(),
				link.Peer{Addr: whom.Addr, Key: link.PublicKey(whom.ID)}, link.Directory)
			if err != nil {
				a.t.Fatal(err)
			}
			if err := query.Submit(conn, d.Marshal()); err != nil {
				a.t.Errorf("%s refuses %s: %v", whom.Name, d.Name, err)
			}
			conn.Close()
		}
	}
}

// TestFourAlone: authorities that are no nodes take descriptors from anybody who is admitted, agree
// on a document, and give it to whoever asks.
func TestFourAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour) // a bubble begins in the year 2000
		a := newAlone(t)
		defer a.end()
		length := a.genesis.Parameters.EpochLength
		<-time.After(length / 8)
		if a.nodes[0].healthy() == nil {
			t.Error("an authority without a document says that it is well")
		}
		a.handIn(1)
		<-time.After(length)
		var first *directory.Document
		stranger := documents.Links(func() (link.Transport, error) {
			return a.transport(link.Seed{99}), nil
		})
		for i, whom := range a.genesis.Authorities {
			doc, err := stranger.Fetch(context.Background(), whom, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := doc.Verify(a.genesis); err != nil || len(doc.Nodes) != len(cast) {
				t.Errorf("%s: %d nodes, %v", whom.Name, len(doc.Nodes), err)
			}
			if first == nil {
				first = doc
			}
			if doc.Digest() != first.Digest() || a.nodes[i].healthy() != nil {
				t.Errorf("%s: another document, or unwell: %v", whom.Name, a.nodes[i].healthy())
			}
		}
	})
}
