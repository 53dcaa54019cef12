package link

import (
	"io"
	"net"
	"runtime"
	"testing"

	"murmuration/internal/counted"
)

var sink []byte

// perStranger is the bytes allocated while one stranger after the other says
// flight to a socket served by serve.
func perStranger(t *testing.T, addr string, flight []byte, strangers int) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range strangers {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c.Write(flight)
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / uint64(strangers)
}

// TestStrangersCostLittleMemory holds the bound on what is allocated for
// somebody who never authenticates, whatever lengths he claims: 64 KiB in all,
// the stranger's own side in this process included.
func TestStrangersCostLittleMemory(t *testing.T) {
	const limit = 64 << 10
	tr, _ := NewTLS(testConfig(1))
	l, err := tr.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lie := make([]byte, 4*handshakeAllowance) // a client hello of 64 KiB, in records of 16 KiB
	for i := 0; i < len(lie); i += 5 + 16384 {
		copy(lie[i:], "\x16\x03\x01\x40\x00")
	}
	copy(lie[5:], "\x01\x00\xff\xff")
	for name, flight := range map[string][]byte{"hello": firstFlight(t), "lie": lie,
		"silence": nil} {
		if n := perStranger(t, l.Addr(), flight, 50); n > limit {
			t.Errorf("%s: %d bytes allocated for a stranger", name, n)
		} else {
			counted.Say(t, "hostile", "%s of a stranger: %d bytes allocated", name, n)
		}
	}
}

// TestStrangersCanBeSeen is the control: a server that believes a length.
func TestStrangersCanBeSeen(t *testing.T) {
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := raw.Accept()
			if err != nil {
				return
			}
			sink = make([]byte, 128<<10)
			io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	if n := perStranger(t, raw.Addr().String(), []byte("x"), 20); n < 128<<10 {
		t.Errorf("control: only %d bytes were seen", n)
	}
	raw.Close()
	<-done
}
