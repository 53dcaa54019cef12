package link

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

// TestStreamIsAQueue compares the ring with a plain buffer.
func TestStreamIsAQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStream()
		var model bytes.Buffer
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			b := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")},
				rapid.IntRange(1, pipeSize).Draw(t, "length"))
			if rapid.Bool().Draw(t, "write") {
				b = b[:min(len(b), pipeSize-model.Len())]
				if n, err := s.write(b); n != len(b) || err != nil {
					t.Fatalf("writing %d bytes: %d, %v", len(b), n, err)
				}
				model.Write(b)
				continue
			}
			if model.Len() == 0 {
				continue
			}
			want := model.Next(len(b))
			if n, err := s.read(b); !bytes.Equal(b[:n], want) || err != nil {
				t.Fatalf("read %d bytes, %v; want %d", n, err, len(want))
			}
		}
	})
}

func TestPipeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := newPipe(seed(1).Public(), seed(2).Public(), [32]byte{})
		near.SetWriteDeadline(time.Now().Add(time.Hour))
		began := time.Now()
		n, err := near.Write(make([]byte, pipeSize+1))
		if n != pipeSize || !errors.Is(err, os.ErrDeadlineExceeded) ||
			time.Since(began) != time.Hour {
			t.Errorf("wrote %d bytes in %s: %v", n, time.Since(began), err)
		}
		near.SetWriteDeadline(time.Time{})
		go io.ReadFull(far, make([]byte, 10))
		if n, err := near.Write(make([]byte, 10)); n != 10 || err != nil {
			t.Errorf("control: after the peer read: %d bytes, %v", n, err)
		}
	})
}

func TestPipeDeadlineMovesWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := newPipe(seed(1).Public(), seed(2).Public(), [32]byte{})
		defer far.Close()
		began := time.Now()
		near.SetReadDeadline(began.Add(time.Hour))
		time.AfterFunc(time.Minute, func() { near.SetReadDeadline(began.Add(2 * time.Minute)) })
		_, err := near.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 2*time.Minute {
			t.Errorf("ended after %s: %v", time.Since(began), err)
		}
	})
}

func TestPipeEnds(t *testing.T) {
	near, far := newPipe(seed(1).Public(), seed(2).Public(), [32]byte{})
	near.Write([]byte("last"))
	near.Close()
	if got, err := io.ReadAll(far); string(got) != "last" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := far.Write([]byte{1}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("writing to a closed end: %v", err)
	}
	if _, err := near.Read([]byte{1}); !errors.Is(err, errClosed) {
		t.Errorf("reading a closed end: %v", err)
	}
	if err := near.SetDeadline(time.Now()); !errors.Is(err, errClosed) {
		t.Errorf("setting the deadline of a closed end: %v", err)
	}
}

func TestFabricAddresses(t *testing.T) {
	f := NewFabric()
	tr, _ := f.Transport(testConfig(1))
	a, err := tr.Listen("p1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Listen("p1"); err == nil {
		t.Error("two listeners have one address")
	}
	b, _ := tr.Listen("p:0")
	c, _ := tr.Listen("p:0")
	if b.Addr() == c.Addr() {
		t.Error("two listeners have one chosen address")
	}
	a.Close()
	if a, err = tr.Listen("p1"); err != nil {
		t.Errorf("control: listening again after a close: %v", err)
	}
	for _, l := range []Listener{a, b, c} {
		l.Close()
	}
}

func TestPipeNeedsOneFrameSize(t *testing.T) {
	other := testConfig(2)
	other.FrameSize = func(Kind) int { return testFrame - 1 }
	if _, _, err := Pipe(testConfig(1), other, Packets); !errors.Is(err, errFrameSize) {
		t.Errorf("two sizes: %v", err)
	}
	if _, _, err := Pipe(testConfig(1), Config{}, Packets); err == nil {
		t.Error("an empty configuration was taken")
	}
	if _, _, err := Pipe(testConfig(1), testConfig(2), Packets); err != nil {
		t.Errorf("control: %v", err)
	}
}
