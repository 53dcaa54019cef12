package outbox

import (
	"errors"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/store"
)

// Draft is boxes that are to be stored together: one entry of the outbox.
type Draft struct {
	Name    string // of the entry: what they are part of
	Author  string // to be told of a conflict, see Serve
	Batches []Batch
}

// Batch is the boxes of one stream.
type Batch struct {
	Stream  string // this person's name for it
	InOrder bool   // a box waits until the one before it is stored
	Boxes   []boxstream.Sealed
}

// Size is the number of boxes.
func (d Draft) Size() (n int) {
	for _, b := range d.Batches {
		n += len(b.Boxes)
	}
	return n
}

// Taken is a draft on the disk, on its way into the outbox.
type Taken struct {
	entry entry
	boxes []Box
}

// Put writes a draft in the caller's transaction. When that has succeeded, and only then, Take has
// it wait.
func (o *Outbox) Put(tx *store.Tx, now time.Time, d Draft) (Taken, error) {
	if len(o.waiting)+d.Size() > maxBoxes {
		return Taken{}, errFull.With("%d boxes wait", len(o.waiting))
	}
	t := Taken{entry: entry{
		Number: o.count + 1, Name: d.Name, Author: d.Author, Boxes: d.Size(),
		Queued: now.UnixMilli(),
	}}
	errs := []error{t.entry.put(tx), tx.Put(bucketCount, "", o.count+uint64(d.Size()))}
	for _, batch := range d.Batches {
		for _, s := range batch.Boxes {
			number := o.count + uint64(len(t.boxes)) + 1
			b := Box{
				Number: number, Entry: d.Name, Stream: batch.Stream, InOrder: batch.InOrder,
				Sealed: s,
			}
			errs = append(errs, b.put(tx))
			t.boxes = append(t.boxes, b)
		}
	}
	return t, errors.Join(errs...)
}

// Take has the boxes of a draft wait; Supply gives them to the sender.
func (o *Outbox) Take(t Taken) {
	o.count += uint64(len(t.boxes))
	o.entries[t.entry.Name] = &t.entry
	for _, b := range t.boxes {
		o.waiting = append(o.waiting, b.waiting())
	}
}
