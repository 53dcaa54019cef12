package provider_test

import (
	"context"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

// TestFullHolderHoldsUpNothing: while the second holder has no room for data, a deletion that waits behind
// many boxes reaches it; when it has room again, so do the boxes.
func TestFullHolderHoldsUpNothing(t *testing.T) {
	onShore(t, nil, func(_ context.Context, s *shore) {
		s.pass(3 * time.Second)
		doc := document(t, s.net, "0")
		peer := box.Holder(node(t, doc, "provider-2").ID)
		from, to := s.stores["provider-1"], s.stores["provider-2"]
		to.full.Store(true)
		var data []box.Box
		put := func(b box.Box) {
			if _, err := from.MemStore.Write(s.today(), b, peer); err != nil {
				t.Fatal(err)
			}
		}
		for i := range uint64(10) {
			data = append(data, s.mineToo(doc, "provider-2", i, 'x'))
			put(data[i])
		}
		deletion := boxtest.Box(s.number(doc, "provider-2", 10), 0, 0)
		put(deletion)
		s.pass(2 * time.Second)
		if _, status, err := to.MemStore.Read(s.today(), deletion.ID); err != nil || status != box.StatusTombstoned {
			t.Errorf("at a holder without room the deletion is %s, %v", status, err)
		}
		arrived := func() (n int) {
			for _, b := range data {
				if got, _, err := to.MemStore.Read(s.today(), b.ID); err == nil && got.Equal(b) {
					n++
				}
			}
			return n
		}
		if n := arrived(); n != 0 {
			t.Errorf("control: %d boxes are at a holder without room", n)
		}
		to.full.Store(false)
		s.pass(2 * time.Second)
		if n := arrived(); n != len(data) {
			t.Errorf("%d of %d boxes are at a holder that has room again", n, len(data))
		}
		if left, err := from.MemStore.Pending(peer, box.Entry{}, 99); err != nil || len(left) != 0 {
			t.Errorf("%d entries still wait, %v", len(left), err)
		}
	})
}
