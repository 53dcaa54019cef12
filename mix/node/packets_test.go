package node_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"murmuration/internal/link"
	"murmuration/internal/replay"
	"murmuration/internal/transit"
	mixnode "murmuration/mix/node"
)

// TestTagsAreOnDiskBeforePacketsLeave: whenever a packet has come out, the journal on disk, as a
// crash would leave it, has as many tags as packets that came.
func TestTagsAreOnDiskBeforePacketsLeave(t *testing.T) {
	onStage(t, variant{}, func(ctx context.Context, s *stage, n *mixnode.Node) {
		pass(5 * time.Second)
		doc := s.doc()
		conn := s.dial(ctx)
		for came := 1; came <= 20; came++ {
			one := func() {
				if err := conn.Send(s.packet(doc, 0, 0)); err != nil {
					t.Fatal(err)
				}
			}
			if s.receive(within(ctx, time.Second), doc, 1, one) != 1 {
				t.Fatal("a packet does not come through")
			}
			if tags := tagsOnDisk(t, s.homes["mix-1"].Path("keys/0.tags")); tags < came {
				t.Fatalf("%d packets have left, and %d tags are on disk", came, tags)
			}
		}
	})
}

// tagsOnDisk counts the tags in a copy of a journal.
func tagsOnDisk(t *testing.T, path string) int {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dup := filepath.Join(t.TempDir(), "tags")
	if err := os.WriteFile(dup, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	journal, set, err := replay.Open(dup, 1000, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	return set.Len()
}

// TestHostileBytes: garbage, other people's packets and broken ones, on a link that is admitted,
// are counted drops; the mix goes on. So are connections of those who are not admitted.
func TestHostileBytes(t *testing.T) {
	onStage(t, variant{}, func(ctx context.Context, s *stage, n *mixnode.Node) {
		pass(5 * time.Second)
		doc := s.doc()
		conn := s.dial(ctx)
		send := func(change func(p []byte)) {
			p := s.packet(doc, 0, time.Millisecond)
			change(p)
			if err := conn.Send(p); err != nil {
				t.Fatal(err)
			}
		}
		hostile := func() {
			for range 50 {
				send(func(p []byte) { copy(p, bytes.Repeat([]byte{0xa5}, len(p))) })
				// the group element is zero
				send(func(p []byte) { clear(p[2:34]) })
				send(func(p []byte) { p[0] = 1 })                        // another version
				send(func(p []byte) { p[s.params.HeaderSize()-1] ^= 1 }) // the MAC
			}
		}
		if s.receive(within(ctx, time.Second), doc, 1, hostile) != 0 {
			t.Error("garbage came through")
		}
		if n.Dropped(transit.BadElement) != 50 || n.Dropped(transit.BadMAC) == 0 ||
			n.Dropped(transit.BadFrame) == 0 {
			t.Errorf("dropped: %d bad elements, %d MACs, %d frames", n.Dropped(transit.BadElement),
				n.Dropped(transit.BadMAC), n.Dropped(transit.BadFrame))
		}
		if total := n.Dropped(transit.BadElement) + n.Dropped(transit.BadMAC) +
			n.Dropped(transit.BadFrame); total != 200 {
			t.Errorf("%d of 200 packets are counted", total)
		}
		if s.receive(within(ctx, time.Second), doc, 1, func() { send(func([]byte) {}) }) != 1 {
			t.Error("control: a good packet does not come through any more")
		}
		// the layer after the mix sends it nothing
		if _, err := s.dialAs(ctx, s.second(doc).Name); err == nil {
			t.Error("a node that is not in the layer before was admitted")
		}
		if all, _, _ := n.Inside(); all.Events.Get(link.NotAdmitted) == 0 {
			t.Error("a stranger was not counted")
		}
	})
}
