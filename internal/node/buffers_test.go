package node

import "testing"

// TestBuffersAreUsedAgain: the last one back is the first one out, and getting and giving back
// makes no garbage.
func TestBuffersAreUsedAgain(t *testing.T) {
	b := newBuffers(64)
	first, second := b.get(), b.get()
	b.put(first)
	b.put(second[:8])
	if p := b.get(); &p[0] != &second[0] || len(p) != 64 {
		t.Errorf("got %d bytes that did not come back last", len(p))
	}
	if n := testing.AllocsPerRun(100, func() { b.put(b.get()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestBuffersAreBounded: after a wave, no more than some wait, and no stranger among them.
func TestBuffersAreBounded(t *testing.T) {
	b := newBuffers(64)
	b.put(make([]byte, 63))
	for range 2 * keptBuffers {
		b.put(make([]byte, 64))
	}
	if len(b.free) != keptBuffers {
		t.Errorf("%d buffers wait", len(b.free))
	}
}
