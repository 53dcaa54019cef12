package main

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"murmuration/sim/trace"
)

// oneFrame is the time within which what comes by in one direction is one frame.
const oneFrame = 2 * time.Millisecond

// watcher stands in front of providers and writes down what comes by from and to clients: times,
// sizes and directions. What it sees is encrypted, and it changes nothing.
type watcher struct {
	began   time.Time
	mu      sync.Mutex    // guards what follows
	clients map[int]int32 // by the id of the process
	seen    []trace.Event
}

// The parties of a trace: what clients talk with is one node, whoever it is.
const (
	network = int32(0)
	firstID = int32(1)
)

// stand passes on what comes to an address to another one, until the test ends.
func (w *watcher) stand(t *testing.T, at, behind string) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go w.accept(l, behind)
}

// accept ends with the listener.
func (w *watcher) accept(l net.Listener, behind string) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		go w.pass(from, behind)
	}
}

// pass ends with the connection.
func (w *watcher) pass(from net.Conn, behind string) {
	defer from.Close()
	to, err := net.Dial("tcp", behind)
	if err != nil {
		return
	}
	defer to.Close()
	client, watched := w.whose(from.RemoteAddr().(*net.TCPAddr).Port)
	var both sync.WaitGroup
	copying := func(dst, src net.Conn, sender, receiver int32) {
		defer dst.(*net.TCPConn).CloseWrite()
		buf := make([]byte, 64<<10)
		for {
			n, err := src.Read(buf)
			if n > 0 && watched {
				w.note(trace.Event{From: sender, To: receiver, Size: int32(n)})
			}
			if _, wrong := dst.Write(buf[:n]); wrong != nil || err != nil {
				return
			}
		}
	}
	both.Go(func() { copying(to, from, firstID+client, network) })
	both.Go(func() { copying(from, to, network, firstID+client) })
	both.Wait()
}

func (w *watcher) note(e trace.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e.At = int64(time.Since(w.began))
	w.seen = append(w.seen, e)
}

// whose is the client whose process has the connection from a port of this computer.
func (w *watcher) whose(port int) (client int32, ok bool) {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(table)) {
		words := strings.Fields(line)
		if len(words) < 10 || !strings.HasSuffix(words[1], fmt.Sprintf(":%04X", port)) {
			continue
		}
		w.mu.Lock()
		clients := maps.Clone(w.clients)
		w.mu.Unlock()
		for pid, client := range clients {
			if holds(pid, "socket:["+words[9]+"]") {
				return client, true
			}
		}
	}
	return 0, false
}

// holds says whether a process has a file open.
func holds(pid int, file string) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		is, err := os.Readlink(filepath.Join(dir, e.Name()))
		return err == nil && is == file
	})
}

// frames is what was seen since a time, in order: what came by at once is one frame.
func (w *watcher) frames(since time.Time) (all []trace.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := int64(since.Sub(w.began))
	type way struct{ from, to int32 }
	last, ended := map[way]int{}, map[way]int64{}
	for _, e := range w.seen {
		if e.At -= from; e.At < 0 {
			continue
		}
		of := way{e.From, e.To}
		if i, ok := last[of]; ok && e.At-ended[of] < int64(oneFrame) {
			all[i].Size += e.Size
		} else {
			last[of] = len(all)
			all = append(all, e)
		}
		ended[of] = e.At
	}
	slices.SortStableFunc(all, func(a, b trace.Event) int { return cmp.Compare(a.At, b.At) })
	return all
}
