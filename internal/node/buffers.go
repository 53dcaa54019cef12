package node

import "sync"

// keptBuffers is how many buffers wait for use at most: those of some 20 ms of a busy node with
// two workers, and 6 MiB of the default network's packets. What a node needs beyond, in a wave, it
// gives back to the garbage collector afterwards.
const keptBuffers = 256

// buffers hands out packets' memory again, so that a busy node makes garbage of no packet. What
// came back last goes out first, because it is still in the processor's cache.
type buffers struct {
	size int

	mu   sync.Mutex // guards free
	free [][]byte
}

// newBuffers makes a supply of buffers of size bytes.
func newBuffers(size int) *buffers {
	return &buffers{size: size, free: make([][]byte, 0, keptBuffers)}
}

// get gives a buffer with undefined content.
func (b *buffers) get() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := len(b.free) - 1
	if last < 0 {
		return make([]byte, b.size)
	}
	p := b.free[last]
	b.free[last], b.free = nil, b.free[:last]
	return p
}

// put takes a buffer back; one of another size, or too many, it leaves to the garbage collector.
func (b *buffers) put(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if cap(p) == b.size && len(b.free) < keptBuffers {
		b.free = append(b.free, p[:b.size])
	}
}
