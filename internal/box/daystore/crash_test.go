package daystore_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
)

// How the child process of a crash test behaves.
const (
	honest = "honest" // prints an operation when it was acknowledged
	early  = "early"  // prints it before: the control of the kill test
	// prints it when acknowledged by a store that does not fsync: the control of the power cut
	noSync = "nosync"
)

// TestMain is also the child: a provider's store under load, until somebody kills it.
func TestMain(m *testing.M) {
	if dir := os.Getenv("BOX_CHILD"); dir != "" {
		if err := writeUntilKilled(dir, os.Getenv("BOX_MODE")); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled writes boxes from eight goroutines, and over every fifth a tombstone, and prints
// each operation.
func writeUntilKilled(dir, mode string) error {
	opts := daystore.SmallFiles(daystore.Options{Reserve: 1})
	if mode == noSync {
		opts = daystore.NoSync(opts)
	}
	s, err := daystore.Open(dir, opts)
	if err != nil {
		return err
	}
	start, _ := s.Pending(box.Holder{1}, box.Queued{}, 1<<20)
	var next atomic.Uint64
	next.Store(uint64(len(start)))
	failed := make(chan error, 8)
	for range 8 {
		go func() { // ends with the process
			for {
				if err := writeOne(s, next.Add(1), mode == early); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

func writeOne(s box.Store, n uint64, early bool) error {
	sizes := []int{2048}
	if n%5 == 0 {
		sizes = append(sizes, 0)
	}
	for _, size := range sizes {
		if early {
			fmt.Printf("%d %d\n", n, size)
		}
		o, err := s.Write(1, boxtest.Box(n, 'a', size), box.Holder{1})
		if err != nil || o.Status == box.StatusConflict || o.Status == box.StatusFull {
			return fmt.Errorf("writing: %v, %v", o.Status, err)
		}
		if !early {
			fmt.Printf("%d %d\n", n, size)
		}
	}
	return nil
}

// printed is what a child printed: the size of each box that it named last.
type printed map[uint64]int

// runChild starts a child, calls crash after it has printed that many operations, and returns all
// that it printed until it died.
func runChild(t *testing.T, dir, mode string, operations int, crash func(*exec.Cmd)) printed {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BOX_CHILD="+dir, "BOX_MODE="+mode)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	defer once.Do(func() { cmd.Process.Kill() })
	all, lines := printed{}, bufio.NewReader(out)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		if strings.HasPrefix(line, "error") && n < operations {
			t.Fatalf("child: %s", line)
		}
		var box uint64
		var size int
		if _, err := fmt.Sscanf(line, "%d %d\n", &box, &size); err == nil {
			all[box] = size
		}
		if n == operations {
			once.Do(func() { crash(cmd) })
		}
	}
	_ = cmd.Wait() // killed
	return all
}

// missing reopens the store and counts the printed operations that it does not have: boxes lost, or
// deleted and resurrected, or not in the replication queue.
func missing(t *testing.T, dir string, want printed) (count int) {
	t.Helper()
	s, err := daystore.Open(dir, daystore.SmallFiles(daystore.Options{}))
	if err != nil {
		t.Logf("reopening: %v", err)
		return len(want)
	}
	defer s.Close()
	waiting, err := s.Pending(box.Holder{1}, box.Queued{}, 1<<20)
	if err != nil {
		t.Logf("reopening: %v", err)
		return len(want)
	}
	queued := map[box.ID]bool{}
	for _, e := range waiting {
		queued[e.Box.ID] = true
	}
	for n, size := range want {
		b := boxtest.Box(n, 'a', size)
		got, _, err := s.Read(1, b.ID)
		// its tombstone was stored, and not printed yet
		newer := size > 0 && got.Tombstone() && got.ID == b.ID
		if err != nil || !got.Equal(b) && !newer || !queued[b.ID] {
			count++
		}
	}
	return count
}

func kill(cmd *exec.Cmd) { cmd.Process.Kill() }

// TestKill: nothing acknowledged is lost or resurrected when the process is
// killed under load, and the store goes on from where it was. The control prints too early.
func TestKill(t *testing.T) {
	dir, all := newDir(t), printed{}
	for range 3 {
		for n, size := range runChild(t, dir, honest, 150, kill) {
			all[n] = size
		}
		if got := missing(t, dir, all); got != 0 {
			t.Fatalf("%d of %d acknowledged operations are missing", got, len(all))
		}
	}
	t.Logf("%d acknowledged operations, 3 kills, none missing", len(all))
	lost := 0
	for range 5 {
		dir := newDir(t)
		lost += missing(t, dir, runChild(t, dir, early, 50, kill))
	}
	if lost == 0 {
		t.Error("control: operations printed before they were done, and none is missing")
	}
}
