package testnet

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/link"
)

// TestNoSignatureWithoutRecord: an authority that cannot put on its disk what it is about to sign hands
// out no document, and says why it stops.
func TestNoSignatureWithoutRecord(t *testing.T) {
	plan := fastPlan(t)
	plan.Width = 1
	synctest.Test(t, func(t *testing.T) {
		n := found(t, plan)
		fabric := link.NewFabric()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		err := n.Run(ctx, memory(fabric), func(map[string]Runner) {
			// The document of epoch 2 is signed by then, that of epoch 3 is not.
			time.AfterFunc(3*plan.Parameters.EpochLength/2, func() { obstruct(t, filepath.Join(n.Nodes[0].Dir, "signed")) })
			time.AfterFunc(4*plan.Parameters.EpochLength, cancel)
		})
		if err == nil || !strings.Contains(err.Error(), "recording what will be signed") {
			t.Errorf("the network ended with %v", err)
		}
		if !everybodyHas(n, "2.document") {
			t.Error("control: not every node has the document of epoch 2")
		}
		if exists(filepath.Join(n.Nodes[0].Dir, "documents", "3.document")) {
			t.Error("a document was signed without its record")
		}
	})
}

// obstruct puts a directory with something in it where a file is to be written.
func obstruct(t *testing.T, path string) {
	if err := os.Remove(path); err != nil {
		t.Error(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Error(err)
	}
}
