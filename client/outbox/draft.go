package outbox

import (
	"errors"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/store"
)

// Draft is boxes of one stream that are to be stored together: one entry of the outbox.
type Draft struct {
	Name   string // of the entry: what they are part of
	Author string // whose stream it is, see Serve
	Stream string // the author's name for it
	Slow   bool   // all tries of its boxes travel longer
	Hidden bool   // the person did not write it, and does not see it
	Boxes  []boxstream.Sealed
}

// Taken is a draft on the disk, on its way into the outbox.
type Taken struct {
	entry  entry
	boxes  []*waiting
	stream *stream // if it is a new one
}

// Put writes a draft in the caller's transaction. When that has succeeded, and only then, Take has
// it wait.
func (o *Outbox) Put(tx *store.Tx, now time.Time, d Draft) (Taken, error) {
	if len(o.waiting)+len(d.Boxes) > maxBoxes {
		return Taken{}, errFull.With("%d boxes wait", len(o.waiting))
	}
	t := Taken{entry: entry{
		Number: o.count + 1, Name: d.Name, Author: d.Author, Boxes: len(d.Boxes),
		Queued: now.UnixMilli(), Hidden: d.Hidden,
	}}
	errs := []error{t.entry.put(tx), tx.Put(bucketCount, "", o.count+uint64(len(d.Boxes)))}
	if o.streams[d.Stream] == nil {
		r, err := d.Boxes[0].Reader(now)
		t.stream = o.open(d.Stream, d.Author, r)
		errs = append(errs, err, t.stream.put(tx))
	}
	for i, s := range d.Boxes {
		b := Box{
			Number: o.count + uint64(i) + 1, Entry: d.Name, Stream: d.Stream, Slow: d.Slow,
			Sealed: s, Hidden: d.Hidden,
		}
		w, err := o.wait(b)
		errs = append(errs, err, b.put(tx), putWritten(tx, s))
		t.boxes = append(t.boxes, w)
	}
	return t, errors.Join(errs...)
}

// Take has the boxes of a draft wait; Supply gives them to the sender.
func (o *Outbox) Take(now time.Time, t Taken) {
	o.count += uint64(len(t.boxes))
	o.entries[t.entry.Name] = &t.entry
	o.insert(t.boxes...)
	if t.stream != nil {
		o.streams[t.stream.Name] = t.stream
	}
	if s := o.streams[t.boxes[0].stream]; s != nil {
		o.look(s, now)
	}
}
