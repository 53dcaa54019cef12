package session

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/internal/box"
)

var epoch = time.Unix(1_800_000_000, 0)

const recordSize = 8192

// failer is a test of this package or of rapid's.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// device is one with a stream of its own; boxes go nowhere.
type device struct {
	State
	root   [32]byte
	index  uint64
	random *rand.ChaCha8
}

// starts is a stream for each number: what tests need of one is that its start opens.
func startOf(t failer, seed uint64) boxstream.Start {
	var s [32]byte
	binary.BigEndian.PutUint64(s[:], seed)
	c, err := box.NewWriteCap(rand.NewChaCha8(s))
	if err != nil {
		t.Fatal(err)
	}
	return boxstream.NewStart(c.ReadCap(), c.Start())
}

func newDevice(t failer, seed uint64) *device {
	var s [32]byte
	binary.BigEndian.PutUint64(s[8:], seed)
	d := &device{random: rand.NewChaCha8(s)}
	d.root, d.index = startOf(t, seed).Before()
	return d
}

// startHere is where its stream goes on. Only the root key and the number of a start are looked at,
// so that one state does for all.
func (d *device) startHere() boxstream.Start {
	s := pooled
	copy(s[:], d.root[:])
	binary.BigEndian.PutUint64(s[32:], d.index)
	return s
}

var pooled = startOf(nil, 1)

func opensRoot(d *device) bool {
	_, _, err := d.startHere().Open()
	return err == nil
}

// meet makes one session, begun by d.
func meet(t failer, d, o *device, own bool) {
	t.Helper()
	var card, answer []byte
	var err error
	d.State, card, err = d.Knock(d.random, ReasonMeeting, d.startHere(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	o.State, answer, _, err = o.Answer(o.random, card, o.startHere(), own, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if d.State, _, err = d.Answered(answer, own, epoch); err != nil {
		t.Fatal(err)
	}
}

// write is the next record of a device.
func (d *device) write(t failer, text string) (Place, []byte) {
	t.Helper()
	d.index++
	at := Place{d.root, d.index}
	next, b, err := d.Seal(d.random, at, recordSize, []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	d.State = next
	return at, b
}

// read is what it says to a device.
func (d *device) read(at Place, b []byte) (string, error) {
	next, o, err := d.Open(at, b, epoch)
	d.State = next
	return string(o.Content), err
}

func says(t failer, from *device, text string, to ...*device) {
	t.Helper()
	at, b := from.write(t, text)
	for i, d := range to {
		if got, err := d.read(at, b); err != nil || got != text {
			t.Fatalf("device %d reads %q, %v instead of %q", i, got, err, text)
		}
	}
}

func TestTwoDevicesTalk(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, b, false)
	says(t, b, "before anything came", a)
	for i := range 20 {
		says(t, a, fmt.Sprintf("from a, %d", i), b)
		for j := range i % 3 {
			says(t, b, fmt.Sprintf("from b, %d %d", i, j), a)
		}
	}
	if turn := a.Peers[0].Sessions[0].Turn; turn < 20 {
		t.Errorf("%d turns", turn)
	}
}

// TestSize is the record that the plan counted: 3,000 bytes to three devices and one own, with a
// turn, in one box.
func TestSize(t *testing.T) {
	a, own := newDevice(t, 1), newDevice(t, 2)
	meet(t, a, own, true)
	all := []*device{own}
	for i := range uint64(3) {
		d := newDevice(t, 3+i)
		meet(t, a, d, false)
		all = append(all, d)
	}
	text := string(bytes.Repeat([]byte("x"), 3000))
	at, b := a.write(t, text)
	r, err := parseRecord(b)
	if err != nil || len(r.turns) != 2 || len(r.wraps) != 4 {
		t.Fatalf("%d turns, %d wraps, %v", len(r.turns), len(r.wraps), err)
	}
	if one := len(b) - turnSize; one != 5636 || one > 5656 {
		t.Errorf("%d bytes with one turn", one)
	}
	for _, d := range all {
		if got, err := d.read(at, b); err != nil || got != text {
			t.Error(err)
		}
	}
	// The two that did not turn do so in the next one.
	if _, b := a.write(t, text); len(b) != 5636+turnSize {
		t.Errorf("%d bytes of the second record", len(b))
	}
	if _, b := a.write(t, text); len(b) != 5636-turnSize {
		t.Errorf("%d bytes of the third record", len(b))
	}
	room := a.Room(recordSize)
	at.Index += 10
	if _, _, err := a.Seal(a.random, at, recordSize, make([]byte, room+1), nil); err != ErrTooLong {
		t.Errorf("more than there is room for: %v", err)
	}
	if _, b, err := a.Seal(a.random, at, recordSize, make([]byte, room), nil); err != nil ||
		len(b) != recordSize {
		t.Errorf("all that there is room for: %d, %v", len(b), err)
	}
}

// TestCrossingKnocks: both sides end in one session, whoever writes first, and read all on the way.
func TestCrossingKnocks(t *testing.T) {
	for first := range 2 {
		a, b := newDevice(t, 1), newDevice(t, 2)
		var ka, kb, aa, ab []byte
		a.State, ka, _ = a.Knock(a.random, ReasonMeeting, a.startHere(), epoch)
		b.State, kb, _ = b.Knock(b.random, ReasonMeeting, b.startHere(), epoch)
		a.State, aa, _, _ = a.Answer(a.random, kb, a.startHere(), false, epoch)
		b.State, ab, _, _ = b.Answer(b.random, ka, b.startHere(), false, epoch)
		var errs [2]error
		a.State, _, errs[0] = a.Answered(ab, false, epoch)
		b.State, _, errs[1] = b.Answered(aa, false, epoch)
		if errors.Join(errs[:]...) != nil || len(a.Peers) != 1 || len(b.Peers) != 1 ||
			len(a.Peers[0].Sessions) != 2 {
			t.Fatal(errs, len(a.Peers), len(b.Peers))
		}
		if first == 1 {
			a, b = b, a
		}
		for range 3 {
			says(t, a, "crossed", b)
			says(t, b, "crossed back", a)
		}
		x, y := a.Peers[0].Sessions, b.Peers[0].Sessions
		if len(x) != 1 || len(y) != 1 || x[0].Card != y[0].Card || x[0].Turn < 4 {
			t.Errorf("%d and %d sessions are left, %d turns", len(x), len(y), x[0].Turn)
		}
		if !x[0].Confirmed || !y[0].Confirmed {
			t.Error("one side does not know that the other has it")
		}
		smaller := min(hashOf(ka), hashOf(kb))
		if string(x[0].Card[:]) != smaller {
			t.Error("it is not that of the smaller card")
		}
	}
}

func hashOf(card []byte) string {
	c, _ := ParseCard(card)
	h := c.Hash()
	return string(h[:])
}
