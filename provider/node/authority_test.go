package node_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/node"
	providernode "murmuration/provider/node"
)

// TestAuthorityRemembersWhatItSigned: what an authority signed is on its disk, and with a record
// that cannot be read it does not start: it might sign another document for the same epoch.
func TestAuthorityRemembersWhatItSigned(t *testing.T) {
	watch(t, nil, func(_ context.Context, w *watched) {
		w.Pass(3 * time.Second)
		doc := w.first()
		raw, err := os.ReadFile(filepath.Join(w.Nodes[0].Dir, "signed"))
		if err != nil {
			t.Fatal(err)
		}
		record, err := directory.ParseRecord(raw)
		if err != nil || record.Epoch != doc.Epoch || record.Digest != doc.Digest() {
			t.Errorf("the record is of epoch %d, %v; the document of %d", record.Epoch, err,
				doc.Epoch)
		}
	})
	home := newNetwork(t).Nodes[0]
	if err := os.WriteFile(filepath.Join(home.Dir, "signed"), []byte("scribble"),
		0o600); err != nil {
		t.Fatal(err)
	}
	_, err := providernode.New(providernode.Config{Config: node.Config{Home: home.Dir,
		Name: home.Name, Listen: home.Addr}})
	if err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("with a damaged record: %v", err)
	}
}
