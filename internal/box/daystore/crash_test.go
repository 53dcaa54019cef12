package daystore_test

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
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

// writeUntilKilled writes boxes from eight goroutines, and over every fifth a tombstone, publishes
// bulletins of them from a ninth, and prints each operation.
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
	failed := make(chan error, 9)
	for range 8 {
		go func() { // ends with the process
			for {
				if err := writeOne(s, next.Add(1), mode == early); err != nil {
					failed <- err
				}
			}
		}()
	}
	go func() { failed <- publishAll(s, mode == early) }() // likewise
	return <-failed
}

func writeOne(s box.Store, n uint64, early bool) error {
	sizes := []int{2048}
	if n%5 == 0 {
		sizes = append(sizes, 0)
	}
	for _, size := range sizes {
		if early {
			fmt.Printf("box %d %d\n", n, size)
		}
		o, err := s.Write(dayOf(n), boxtest.Box(n, 'a', size), tokenOf(n), box.Holder{1})
		if err != nil || o.Status == box.StatusConflict || o.Status == box.StatusFull {
			return fmt.Errorf("writing: %v, %v", o.Status, err)
		}
		if !early {
			fmt.Printf("box %d %d\n", n, size)
		}
	}
	return nil
}

// tokenOf is what pays for a box.
func tokenOf(n uint64) (t box.Token) {
	binary.BigEndian.PutUint64(t[:], n+1)
	return t
}

// unspent counts the printed boxes whose token pays for another one, too.
func unspent(s *daystore.Store, want printed) (count int) {
	for n := range want.boxes {
		other := boxtest.Box(1<<40+n, 'a', 2048)
		if o, err := s.Write(dayOf(n), other, tokenOf(n)); err != nil ||
			o.Status != box.StatusUnpaid {
			count++
		}
	}
	return count
}

// dayOf is the day of a box: a seventh is of the day before that of the bulletins.
func dayOf(n uint64) box.Day {
	if n%7 == 0 {
		return 0
	}
	return 1
}

// publishAll publishes for every slot from the first on, as a maker would whose clock was put back:
// bodies that no other process makes, each with the ids that it lists.
func publishAll(s *daystore.Store, early bool) error {
	for slot := box.Slot(1); ; slot++ {
		listed, err := s.Unlisted()
		if err != nil {
			return err
		}
		body := make([]byte, 16)
		rand.Read(body)
		for _, l := range listed {
			body = append(binary.BigEndian.AppendUint16(body, uint16(l.Day)), l.ID[:]...)
		}
		if early {
			fmt.Printf("slot %d %x\n", slot, sha256.Sum256(body))
		}
		switch err = s.Publish(1, slot, body, listed); {
		case errors.Is(err, box.ErrPublished):
			continue
		case err != nil:
			return fmt.Errorf("publishing: %w", err)
		}
		if !early { // who hears of it signs it
			fmt.Printf("slot %d %x\n", slot, sha256.Sum256(body))
		}
	}
}

// printed is what children printed: the size of each box that they named last, and the hash of each
// slot's body. A second body for a slot is a failure, twice.
type printed struct {
	boxes map[uint64]int
	slots map[box.Slot]string
	twice int
}

func nothingPrinted() printed {
	return printed{map[uint64]int{}, map[box.Slot]string{}, 0}
}

func (p printed) len() int { return len(p.boxes) + len(p.slots) }

func (p *printed) read(line string) {
	var n uint64
	var size int
	var slot box.Slot
	var hash string
	if _, err := fmt.Sscanf(line, "box %d %d\n", &n, &size); err == nil {
		p.boxes[n] = size
	}
	if _, err := fmt.Sscanf(line, "slot %d %s\n", &slot, &hash); err == nil {
		if old, ok := p.slots[slot]; ok && old != hash {
			p.twice++
		}
		p.slots[slot] = hash
	}
}

// runChild starts a child, calls crash after it has printed that many operations, and adds all that
// it printed until it died.
func (p *printed) runChild(t *testing.T, dir, mode string, operations int,
	crash func(*exec.Cmd)) {
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
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		if strings.HasPrefix(line, "error") && n < operations {
			t.Fatalf("child: %s", line)
		}
		p.read(line)
		if n == operations {
			once.Do(func() { crash(cmd) })
		}
	}
	_ = cmd.Wait() // killed
}

// missing reopens the store and counts the printed operations that it does not have: boxes lost, or
// deleted and resurrected, or not in the replication queue, or neither listed once nor still to be
// listed; tokens that can be spent again; and bodies that are gone, or others, or do not lead to
// their boxes.
func missing(t *testing.T, dir string, want printed) (count int) {
	t.Helper()
	s, err := daystore.Open(dir, daystore.SmallFiles(daystore.Options{}))
	if err != nil {
		t.Logf("reopening: %v", err)
		return want.len()
	}
	defer s.Close()
	waiting, err := s.Pending(box.Holder{1}, box.Queued{}, 1<<20)
	unlisted, err2 := s.Unlisted()
	if err := errors.Join(err, err2); err != nil || len(unlisted) != s.Waiting() {
		t.Logf("reopening: %v", err)
		return want.len()
	}
	queued, listed := map[box.ID]bool{}, map[box.ID]int{}
	for _, e := range waiting {
		queued[e.Box.ID] = true
	}
	for _, l := range unlisted {
		listed[l.ID]++
	}
	lost, newest := lostBodies(s, want, listed)
	for n, size := range want.boxes {
		b := boxtest.Box(n, 'a', size)
		got, _, err := s.Read(dayOf(n), b.ID)
		// its tombstone was stored, and not printed yet
		newer := size > 0 && got.Tombstone() && got.ID == b.ID
		if err != nil || !got.Equal(b) && !newer || !queued[b.ID] {
			count++
		} else if times := listed[b.ID]; times > 1 || times == 0 && !got.Tombstone() {
			t.Logf("box %d was listed or is to be listed %d times, of slots up to %d", n, times,
				newest)
			count++
		}
	}
	return count + lost + want.twice + unspent(s, want)
}

// lostBodies counts the printed bodies that are not there, and how often each box was listed.
func lostBodies(s *daystore.Store, want printed, listed map[box.ID]int) (lost int, last box.Slot) {
	last, _, _, _ = s.Published()
	for slot := box.Slot(1); slot <= last; slot++ {
		body, ok, err := s.Body(slot)
		if hash := want.slots[slot]; err != nil || !ok ||
			hash != "" && hash != fmt.Sprintf("%x", sha256.Sum256(body)) {
			lost++
			continue
		}
		for rest := body[16:]; len(rest) > 0; rest = rest[34:] {
			id := box.ID(rest[2:34])
			listed[id]++
			day, got, _, err := s.Listed(slot, box.EntryOf(id), 0)
			if err != nil || got.ID != id || day != box.Day(binary.BigEndian.Uint16(rest)) {
				lost++
			}
		}
	}
	for slot := range want.slots {
		if slot > last {
			lost++
		}
	}
	return lost, last
}

func kill(cmd *exec.Cmd) { cmd.Process.Kill() }

// TestKill: nothing acknowledged is lost or resurrected when the process is killed under load, a
// slot never gets a second body, what was to be listed is listed once or still to be listed, and
// the store goes on from where it was. The control prints too early.
func TestKill(t *testing.T) {
	dir, all := newDir(t), nothingPrinted()
	for range 3 {
		all.runChild(t, dir, honest, 150, kill)
		if got := missing(t, dir, all); got != 0 {
			t.Fatalf("%d of %d acknowledged operations are missing", got, all.len())
		}
	}
	t.Logf("%d boxes and %d bulletins, 3 kills, none missing", len(all.boxes), len(all.slots))
	if len(all.slots) < 3 {
		t.Errorf("%d bulletins were published", len(all.slots))
	}
	lost := 0
	for range 5 {
		dir, all := newDir(t), nothingPrinted()
		all.runChild(t, dir, early, 50, kill)
		lost += missing(t, dir, all)
	}
	if lost == 0 {
		t.Error("control: operations printed before they were done, and none is missing")
	}
}
