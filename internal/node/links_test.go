package node

import (
	"testing"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// TestPacketsAreQueuedBeforeTheirLinkIsUp: a node takes packets in as soon as its document is in
// force, and the links to the next layer come up a moment later. What arrives between must not be
// lost.
func TestPacketsAreQueuedBeforeTheirLinkIsUp(t *testing.T) {
	transport, err := link.NewFabric().Transport(link.Config{
		FrameSize: func(link.Kind) int { return 64 }, Identity: link.Seed{1}})
	if err != nil {
		t.Fatal(err)
	}
	w := newLinks(linksConfig{Transport: transport, Buffers: newBuffers(64), FrameSize: 64})
	near, far := directory.NodeID{1}, directory.NodeID{2}
	if w.send(near, make([]byte, 64)) {
		t.Error("control: a packet for a node without a link is taken")
	}
	if err := w.set(map[directory.NodeID]link.Peer{near: {Addr: "near",
		Key: link.PublicKey(near)}}); err != nil {
		t.Fatal(err)
	}
	if !w.send(near, make([]byte, 64)) {
		t.Error("a packet for a link that is not up yet is lost")
	}
	if w.send(far, make([]byte, 64)) {
		t.Error("a packet for a node of another layer is taken")
	}
	if up, all := w.connected(); up != 0 || all != 1 {
		t.Errorf("%d of %d links are up, want 0 of 1", up, all)
	}
	if err := w.set(nil); err != nil {
		t.Fatal(err)
	}
	if w.send(near, make([]byte, 64)) {
		t.Error("a packet for a link that was taken down is taken")
	}
}
