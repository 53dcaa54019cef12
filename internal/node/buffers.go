package node

import "sync"

// Buffers hands out packets' memory again, so that a busy node makes garbage of
// no packet.
type Buffers struct {
	size int
	pool sync.Pool
}

// NewBuffers makes a supply of buffers of size bytes.
func NewBuffers(size int) *Buffers {
	b := &Buffers{size: size}
	b.pool.New = func() any { p := make([]byte, size); return &p }
	return b
}

// Get gives a buffer with undefined content.
func (b *Buffers) Get() []byte { return *b.pool.Get().(*[]byte) }

// Put takes a buffer back; one of another size is left to the garbage collector.
func (b *Buffers) Put(p []byte) {
	if cap(p) == b.size {
		p = p[:b.size]
		b.pool.Put(&p)
	}
}
