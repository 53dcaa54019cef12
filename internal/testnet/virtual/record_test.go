package virtual

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"murmuration/internal/testnet"
)

// TestNoSignatureWithoutRecord: an authority that cannot put on its disk what it is about to sign
// hands out no document, and says why it stops.
func TestNoSignatureWithoutRecord(t *testing.T) {
	Run(t, Plan(t), testnet.Options{}, func(n *Net) {
		n.epoch(1, 0.5) // the document of epoch 2 is signed by then, that of epoch 3 is not
		obstruct(t, filepath.Join(n.Nodes[0].Dir, "signed"))
		n.epoch(4, 0)
		err := n.stop("provider-1")
		if err == nil || !strings.Contains(err.Error(), "recording what will be signed") {
			t.Errorf("the authority ended with %v", err)
		}
		for name := range n.Running() {
			if n.Document(name, 2) == nil {
				t.Errorf("control: %s does not have the document of epoch 2", name)
			}
			if n.Document(name, 3) != nil {
				t.Error("a document was signed without its record")
			}
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
