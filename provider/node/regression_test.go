package node_test

// Each test here is of a bug that was there once, with a line of its history.

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/node"
	providernode "murmuration/provider/node"
)

// History: A holder with a full disk held up the replication queue of all others.
//
// TestFullHolderHoldsUpNothing: while the second holder has no room for data, a deletion that waits
// behind many boxes reaches it; when it has room again, so do the boxes.
func TestFullHolderHoldsUpNothing(t *testing.T) {
	watch(t, nil, func(_ context.Context, w *watched) {
		w.Pass(3 * time.Second)
		doc := w.first()
		peer := box.Holder(listed(t, doc, "provider-2").ID)
		from, to := w.stores["provider-1"], w.stores["provider-2"]
		to.full.Store(true)
		var data []box.Box
		put := func(b box.Box) {
			if _, err := from.MemStore.Write(w.today(), b, box.Token{}, peer); err != nil {
				t.Fatal(err)
			}
		}
		for i := range uint64(10) {
			data = append(data, w.mineToo(doc, "provider-2", i, 'x'))
			put(data[i])
		}
		deletion := boxtest.Box(w.number(doc, "provider-2", 10), 0, 0)
		put(deletion)
		w.Pass(2 * time.Second)
		if _, status, err := to.MemStore.Read(w.today(), deletion.ID); err != nil ||
			status != box.StatusTombstoned {
			t.Errorf("at a holder without room the deletion is %s, %v", status, err)
		}
		arrived := func() (n int) {
			for _, b := range data {
				if got, _, err := to.MemStore.Read(w.today(), b.ID); err == nil && got.Equal(b) {
					n++
				}
			}
			return n
		}
		if n := arrived(); n != 0 {
			t.Errorf("control: %d boxes are at a holder without room", n)
		}
		to.full.Store(false)
		w.Pass(2 * time.Second)
		if n := arrived(); n != len(data) {
			t.Errorf("%d of %d boxes are at a holder that has room again", n, len(data))
		}
		left, err := from.MemStore.Pending(peer, box.Queued{}, 99)
		if err != nil || len(left) != 0 {
			t.Errorf("%d entries still wait, %v", len(left), err)
		}
	})
}

// History: A provider whose boxes were gone began anew, as if it had promised nothing.
//
// TestBoxesMissing: a provider whose boxes are gone says so, and does not begin anew.
func TestBoxesMissing(t *testing.T) {
	self := newNetwork(t).Nodes[0]
	boxes := filepath.Join(self.Dir, "boxes")
	if err := os.RemoveAll(boxes); err != nil {
		t.Fatal(err)
	}
	_, err := providernode.New(providernode.Config{Config: node.Config{Home: self.Dir,
		Name: self.Name, Listen: self.Addr}})
	if err == nil || !strings.Contains(err.Error(), "is its disk mounted?") {
		t.Errorf("opened without boxes: %v", err)
	}
	if _, err := os.Stat(boxes); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a new store was made: %v", err)
	}
}
