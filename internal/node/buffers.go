package node

import "sync"

// buffers hands out packets' memory again, so that a busy node makes garbage of
// no packet.
type buffers struct {
	size int
	pool sync.Pool
}

// newBuffers makes a supply of buffers of size bytes.
func newBuffers(size int) *buffers {
	b := &buffers{size: size}
	b.pool.New = func() any { p := make([]byte, size); return &p }
	return b
}

// get gives a buffer with undefined content.
func (b *buffers) get() []byte { return *b.pool.Get().(*[]byte) }

// put takes a buffer back; one of another size is left to the garbage collector.
func (b *buffers) put(p []byte) {
	if cap(p) == b.size {
		p = p[:b.size]
		b.pool.Put(&p)
	}
}
