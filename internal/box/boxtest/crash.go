package boxtest

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
	"sync/atomic"
	"testing"
	"time"

	"murmuration/internal/box"
)

// Load is how the child process of a crash test loads its store.
type Load struct {
	// Early prints an operation before it is acknowledged, not after: the control.
	Early bool
	// Stubborn does again what was refused or failed, as long as it takes.
	Stubborn bool
}

// UntilKilled writes boxes from eight goroutines, and over every fifth a tombstone, publishes
// bulletins of them from a ninth, and prints each operation, until somebody kills the process.
func (l Load) UntilKilled(s Store) error {
	start, err := s.Pending(box.Holder{1}, box.Queued{}, 1<<20)
	if err != nil {
		return err
	}
	var next atomic.Uint64
	next.Store(uint64(len(start)))
	failed := make(chan error, 9)
	for range 8 {
		go func() { // ends with the process
			for {
				if err := l.write(s, next.Add(1)); err != nil {
					failed <- err
				}
			}
		}()
	}
	go func() { failed <- l.publish(s) }() // likewise
	return <-failed
}

func (l Load) write(s box.Store, n uint64) error {
	sizes := []int{2048}
	if n%5 == 0 {
		sizes = append(sizes, 0)
	}
	for _, size := range sizes {
		if l.Early {
			fmt.Printf("box %d %d\n", n, size)
		}
		if err := l.store(s, n, size); err != nil {
			return err
		}
		if !l.Early {
			fmt.Printf("box %d %d\n", n, size)
		}
	}
	return nil
}

func (l Load) store(s box.Store, n uint64, size int) error {
	for {
		o, err := s.Write(dayOf(n), Box(n, 'a', size), tokenOf(n), box.Holder{1})
		refused := err != nil || o.Status == box.StatusFull
		switch {
		case refused && l.Stubborn:
			<-time.After(20 * time.Millisecond)
		case refused || o.Status == box.StatusConflict:
			return fmt.Errorf("writing: %v, %v", o.Status, err)
		default:
			return nil
		}
	}
}

// tokenOf is what pays for a box.
func tokenOf(n uint64) (t box.Token) {
	binary.BigEndian.PutUint64(t[:], n+1)
	return t
}

// unspent counts the printed boxes whose token pays for another one, too.
func unspent(s Store, want Printed) (count int) {
	for n := range want.boxes {
		other := Box(1<<40+n, 'a', 2048)
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

// publish publishes for every slot from the first on, as a maker would whose clock was put back:
// bodies that no other process makes, each with the ids that it lists. A slot that failed is not
// tried again.
func (l Load) publish(s Store) error {
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
		if l.Early {
			fmt.Printf("slot %d %x\n", slot, sha256.Sum256(body))
		}
		switch err = s.Publish(1, slot, body, listed); {
		case errors.Is(err, box.ErrPublished):
			continue
		case err != nil && l.Stubborn:
			fmt.Printf("skip %d\n", slot)
			<-time.After(20 * time.Millisecond)
			continue
		case err != nil:
			return fmt.Errorf("publishing: %w", err)
		}
		if !l.Early { // who hears of it signs it
			fmt.Printf("slot %d %x\n", slot, sha256.Sum256(body))
		}
	}
}

// Printed is what children printed: the size of each box that they named last, and the hash of each
// slot's body. A second body for a slot is a failure, twice.
type Printed struct {
	boxes   map[uint64]int
	slots   map[box.Slot]string
	skipped map[box.Slot]bool // there may be a body, or none
	twice   int
}

// NothingPrinted is before the first child.
func NothingPrinted() Printed {
	return Printed{map[uint64]int{}, map[box.Slot]string{}, map[box.Slot]bool{}, 0}
}

// Len is the number of operations, and Bulletins that of those which were bulletins.
func (p Printed) Len() int { return len(p.boxes) + len(p.slots) }

// Bulletins is how many bulletins were published.
func (p Printed) Bulletins() int { return len(p.slots) }

func (p *Printed) read(line string) {
	var n uint64
	var size int
	var slot box.Slot
	var hash string
	if _, err := fmt.Sscanf(line, "box %d %d\n", &n, &size); err == nil {
		p.boxes[n] = size
	}
	if _, err := fmt.Sscanf(line, "skip %d\n", &slot); err == nil {
		p.skipped[slot] = true
	}
	if _, err := fmt.Sscanf(line, "slot %d %s\n", &slot, &hash); err == nil {
		if old, ok := p.slots[slot]; ok && old != hash {
			p.twice++
		}
		p.slots[slot] = hash
	}
}

// RunChild starts this test's binary as a child, with more in its environment, calls crash after it
// has printed that many operations, and adds all that it printed until it died.
func (p *Printed) RunChild(t testing.TB, environment []string, operations int,
	crash func(*exec.Cmd)) {
	t.Helper()
	p.RunChildOn(t, environment, []int{operations}, func(_ int, cmd *exec.Cmd) { crash(cmd) })
}

// RunChildOn is RunChild with several things that happen, each after so many operations more; the
// last one ends the child.
func (p *Printed) RunChildOn(t testing.TB, environment []string, after []int,
	happen func(at int, cmd *exec.Cmd)) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), environment...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill() // it has ended, or the test has failed
	lines := bufio.NewReader(out)
	for n, at := 0, 0; ; n++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		if strings.HasPrefix(line, "error") && at < len(after) {
			t.Fatalf("child: %s", line)
		}
		p.read(line)
		if at < len(after) && n == after[at] {
			happen(at, cmd)
			at, n = at+1, 0
		}
	}
	_ = cmd.Wait() // killed
}

// Missing counts the printed operations that a store, opened again, does not have: boxes lost, or
// deleted and resurrected, or not in the replication queue, or neither listed once nor still to be
// listed; tokens that can be spent again; and bodies that are gone, or others, or do not lead to
// their boxes.
func (want Printed) Missing(t testing.TB, s Store) (count int) {
	t.Helper()
	waiting, err := s.Pending(box.Holder{1}, box.Queued{}, 1<<20)
	unlisted, err2 := s.Unlisted()
	if err := errors.Join(err, err2); err != nil || len(unlisted) != s.Waiting() {
		t.Logf("reopening: %v", err)
		return want.Len()
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
		b := Box(n, 'a', size)
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
func lostBodies(s Store, want Printed, listed map[box.ID]int) (lost int, last box.Slot) {
	last, _, _, _ = s.Published()
	for slot := box.Slot(1); slot <= last; slot++ {
		body, ok, err := s.Body(slot)
		if !ok && err == nil && want.skipped[slot] {
			continue
		}
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
