package link

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// pieces is a writer that keeps what it is given apart.
type pieces [][]byte

func (p *pieces) Write(b []byte) (int, error) {
	*p = append(*p, bytes.Clone(b))
	return len(b), nil
}

// TestPackFillsRecords: whatever the size of a frame and the number of frames, all pieces but the
// last are full records, and together they are the frames.
func TestPackFillsRecords(t *testing.T) {
	const full = recordSize
	for _, size := range []int{1, 40, 2048, full - 1, full, full + 1, 22862, 3*full + 7} {
		for n := range 6 {
			var frames [][]byte
			for i := range n {
				frames = append(frames, bytes.Repeat([]byte{byte(i + 1)}, size))
			}
			var got pieces
			if err := pack(&got, frames); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(bytes.Join(got, nil), bytes.Join(frames, nil)) {
				t.Errorf("%d frames of %d bytes came out as others", n, size)
			}
			for i, piece := range got {
				if len(piece) != recordSize && i < len(got)-1 || len(piece) == 0 {
					t.Errorf("%d frames of %d bytes: piece %d has %d bytes", n, size, i, len(piece))
				}
			}
		}
	}
}

// counting is a socket that keeps each write apart.
type counting struct {
	net.Conn
	written pieces
}

func (c *counting) Write(p []byte) (int, error) {
	_, _ = c.written.Write(p)
	return c.Conn.Write(p)
}

// TestBatchLeavesAtOnce: the records of a batch leave in one write of at most gatherSize, and all
// but the last of them are full.
func TestBatchLeavesAtOnce(t *testing.T) {
	for _, c := range []struct{ frames, records, writes int }{
		{1, 1, 1}, {recordSize / testFrame, 1, 1}, {recordSize/testFrame + 1, 2, 1},
		{4 * recordSize / testFrame, 4, 1}, {10 * recordSize / testFrame, 10, 3},
	} {
		transport := func(c Config) (Transport, error) { return NewTLS(c) }
		world{T: t, transport: transport, addr: "127.0.0.1:0"}.batch(c.frames, c.records, c.writes)
	}
}

func (w world) batch(frames, records, writes int) {
	near, far := w.pair(Packets)
	wire := near.(*conn).ch.wire
	socket := &counting{Conn: wire.Conn}
	wire.Conn = socket
	var batch [][]byte
	for i := range frames {
		batch = append(batch, frameOf(byte(i)))
	}
	if err := near.Send(batch...); err != nil {
		w.Fatal(err)
	}
	got := make([]byte, testFrame)
	for i := range batch {
		if err := far.Receive(got); err != nil || !bytes.Equal(got, batch[i]) {
			w.Fatalf("frame %d of %d: %v", i, frames, err)
		}
	}
	if len(socket.written) != writes {
		w.Errorf("%d frames left in %d writes, want %d", frames, len(socket.written), writes)
	}
	sealed := bytes.Join(socket.written, nil)
	n := 0
	for ; len(sealed) > 0; n++ {
		length := 5 + int(binary.BigEndian.Uint16(sealed[3:]))
		if sealed = sealed[length:]; len(sealed) > 0 && length < recordSize {
			w.Errorf("record %d of %d frames has %d bytes", n, frames, length)
		}
	}
	if n != records {
		w.Errorf("%d frames took %d records, want %d", frames, n, records)
	}
}

// TestCloseCutsASend: Close waits neither for a peer that does not read nor for a farewell that
// cannot leave.
func TestCloseCutsASend(t *testing.T) {
	everywhere(t, func(w world) {
		near, _ := w.pair(Packets)
		var batch [][]byte
		for i := range byte(20) { // fewer than leave at once, so that it is their flush that waits
			batch = append(batch, frameOf(i))
		}
		var sent atomic.Int64
		ended := make(chan error, 1)
		go func() {
			for {
				if err := near.Send(batch...); err != nil {
					ended <- err
					return
				}
				sent.Add(1)
			}
		}()
		for before := int64(-1); before != sent.Load(); { // until the buffers in between are full
			before = sent.Load()
			wait(w.Context(), brief)
		}
		began := time.Now()
		near.Close()
		if err := <-ended; err == nil {
			w.Error("the send went through")
		}
		if took := time.Since(began); took > 3*time.Second {
			w.Errorf("the close took %s", took)
		}
	})
}
