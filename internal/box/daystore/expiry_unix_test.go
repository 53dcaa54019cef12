//go:build unix

package daystore_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// periods is over how many retention periods nothing may grow, and the control does.
const periods, controlPeriods = 10, 3

// ageing is a store that takes as many boxes each day, and drops what is over.
type ageing struct {
	*testing.T
	store    *daystore.Store
	dir      string
	calendar box.Calendar
	boxes    uint64 // a day
	read     int
	gone     int
}

// at is noon of a day.
func (a *ageing) at(d box.Day) time.Time { return d.Start(a.calendar.Genesis).Add(12 * time.Hour) }

// box is the n-th of a day.
func (a *ageing) box(d box.Day, n uint64) box.Box {
	return boxtest.Box(uint64(d)*a.boxes+n, 'e', 2048)
}

// live is one day: boxes are written, listed in a bulletin, a record is kept.
func (a *ageing) live(d box.Day) {
	a.Helper()
	var all sync.WaitGroup
	for writer := range uint64(min(a.boxes, 64)) {
		all.Go(func() {
			for n := writer; n < a.boxes; n += 64 {
				if o, err := a.store.Write(d, a.box(d, n), box.Token{}); err != nil ||
					o.Status != box.StatusStored {
					a.Errorf("day %d: writing is %v, %v", d, o.Status, err)
				}
			}
		})
	}
	all.Wait()
	var listed []box.Listing
	for n := range a.boxes {
		listed = append(listed, box.Listing{Day: d, ID: a.box(d, n).ID})
	}
	if err := a.store.Publish(d, box.Slot(d)+1, fmt.Appendf(nil, "of day %d", d),
		listed); err != nil {
		a.Fatal(err)
	}
	if err := a.store.Keep(d, box.RecordKey{Kind: 1, Number: uint32(d)}, bigRecord); err != nil {
		a.Fatal(err)
	}
}

// look asks for a box of every day so far, in each way in which one can ask, and for the record.
func (a *ageing) look(today box.Day) {
	a.Helper()
	oldest := a.calendar.Oldest(a.at(today))
	for d := box.Day(0); d <= today; d++ {
		b := a.box(d, uint64(today)%a.boxes)
		_, read, err := a.store.Read(d, b.ID)
		_, _, listed, err2 := a.store.Listed(box.Slot(d)+1, box.EntryOf(b.ID), 0)
		_, body, err3 := a.store.Body(box.Slot(d) + 1)
		_, kept, err4 := a.store.Kept(box.RecordKey{Kind: 1, Number: uint32(d)})
		for _, err := range []error{err, err2, err3, err4} {
			if err != nil {
				a.Fatal(err)
			}
		}
		there := d >= oldest
		if (read == box.StatusFound) != there || (listed == box.StatusFound) != there ||
			body != there || kept != there {
			a.Errorf("on day %d, of day %d: box %s, listed %s, bulletin %t, record %t", today, d,
				read, listed, body, kept)
		}
		if there {
			a.read++
		} else {
			a.gone++
		}
	}
}

// disk is what the store takes, in bytes, and how many files.
func (a *ageing) disk() (bytes int64, files int) {
	err := filepath.WalkDir(a.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		bytes, files = bytes+info.Sys().(*syscall.Stat_t).Blocks*512, files+1
		return nil
	})
	if err != nil {
		a.Fatal(err)
	}
	return bytes, files
}

// TestNothingOutlivesItsRetention: over ten retention periods what is asked for is there for as
// long as it must be and not longer, and the disk holds as much after the tenth as after the first.
// The control drops nothing, and grows.
func TestNothingOutlivesItsRetention(t *testing.T) {
	retention, boxes := 1, uint64(4)
	if n := long.Count(t, "MURMUR_EXPIRY", 1, 0); n > 0 { // just expiry
		retention, boxes = 14, uint64(n)
	}
	for _, drops := range []bool{true, false} {
		a := &ageing{T: t, dir: newDir(t), boxes: boxes,
			calendar: box.Calendar{Genesis: time.Unix(1e9, 0).UTC(), Retention: retention}}
		a.store = openBadger(t, a.dir, daystore.SmallFiles(daystore.Options{}))
		first, last := a.pass(drops)
		what, long := "dropping what is over", periods
		if !drops {
			what, long = "control, dropping nothing", controlPeriods
		}
		counted.Say(t, "expiry", "%s: %d retention periods of %d days, %d boxes a day, %d "+
			"questions for what must be there, %d for what must not", what, long, retention, boxes,
			a.read, a.gone)
		counted.Say(t, "expiry", "disk after the first %d bytes in %d files, at the end %d in %d",
			first.bytes, first.files, last.bytes, last.files)
		if flat := last.bytes <= first.bytes*11/10 && last.files <= first.files; flat != drops {
			t.Errorf("%s: the disk had %+v, and has %+v", what, first, last)
		}
	}
}

type usage struct {
	bytes int64
	files int
}

// pass lives through all periods; the control through three, and asks nothing.
func (a *ageing) pass(drops bool) (first, last usage) {
	a.Helper()
	length := box.Day(a.calendar.Retention + 1)
	end := length * periods
	if !drops {
		end = length * controlPeriods
	}
	for d := range end {
		a.live(d)
		if drops {
			if err := a.store.Drop(a.calendar.Oldest(a.at(d))); err != nil {
				a.Fatal(err)
			}
			a.look(d)
		}
		if last.bytes, last.files = a.disk(); d == length {
			first = last
		}
	}
	return first, last
}
