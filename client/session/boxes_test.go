package session

import (
	"bytes"
	"testing"
	"time"

	"murmuration/client/boxstream"
	"murmuration/internal/box"
)

// TestInBoxes: a record as large as a box lets it be, through a box stream and back. The place that
// a record is sealed for is that of the box; the box may be sealed again for another day.
func TestInBoxes(t *testing.T) {
	n := boxstream.Network{Format: box.Format{Plaintext: 64 + recordSize},
		Calendar: box.Calendar{Genesis: epoch, Retention: 14}, Listing: time.Minute}
	random := newDevice(t, 9).random
	var writers [2]boxstream.Writer
	var starts [2]boxstream.Start
	for i := range writers {
		w, err := boxstream.NewWriter(random)
		if err != nil {
			t.Fatal(err)
		}
		writers[i] = w
		if starts[i], err = w.Start(); err != nil {
			t.Fatal(err)
		}
	}
	a, b := newDevice(t, 1), newDevice(t, 2)
	var card, answer []byte
	a.State, card, _ = a.Knock(random, ReasonMeeting, starts[0], epoch)
	b.State, answer, _, _ = b.Answer(random, card, starts[1], false, epoch)
	a.State, _, _ = a.Answered(answer, false, epoch)

	root, before := starts[0].Before()
	at := Place{root, before + 1}
	text := bytes.Repeat([]byte{0}, a.Room(n.Format.ContentSize()))
	next, record, err := a.Seal(random, at, n.Format.ContentSize(), text, nil)
	if err != nil || len(record) != recordSize {
		t.Fatal(len(record), err)
	}
	a.State = next
	all, err := writers[0].Seal(n, 0, box.Record{Kind: 9, Parts: 1, Content: record})
	if err != nil {
		t.Fatal(err)
	}
	later, err := all[0].Again(n, 1)
	if err != nil {
		t.Fatal(err)
	}
	for day, sealed := range []boxstream.Sealed{all[0], later} {
		now := n.Calendar.Genesis.Add(time.Duration(day) * 24 * time.Hour)
		reader, err := boxstream.NewReader(starts[0], 0, now)
		if err != nil {
			t.Fatal(err)
		}
		room := 1000
		reader.IDs(n, now, &room)
		opened, err := reader.Open(n, box.Day(day), sealed.Box())
		if err != nil || opened.Number != at.Index {
			t.Fatalf("day %d: box %d, not %d: %v", day, opened.Number, at.Index, err)
		}
		r, err := box.ParseRecord(n.Format, opened.Plaintext)
		if err != nil {
			t.Fatal(err)
		}
		_, o, err := b.Open(Place{[32]byte(reader.Cap), opened.Number}, r.Content, epoch)
		if err != nil || !bytes.Equal(o.Content, text) {
			t.Errorf("day %d: %v", day, err)
		}
	}
}
