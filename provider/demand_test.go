package provider

import (
	"math"
	"testing"
	"time"

	"murmuration/internal/directory"
)

// TestDemand: more of anything that fills the disk needs more of it.
func TestDemand(t *testing.T) {
	base := Demand{Listed: 16, Every: 15 * time.Second, BoxBytes: 8272, Days: 16}
	if got, want := base.Disk(), int64(16*5760*8272*16); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
	for name, change := range map[string]func(*Demand){
		"boxes": func(d *Demand) { d.Listed++ }, "days": func(d *Demand) { d.Days++ },
		"slots": func(d *Demand) { d.Every /= 2 }, "bytes": func(d *Demand) { d.BoxBytes++ },
	} {
		more := base
		if change(&more); more.Disk() <= base.Disk() {
			t.Errorf("more %s need no more disk", name)
		}
	}
	if got := (Demand{Listed: 1, BoxBytes: 1, Days: 1}).Disk(); got <= 0 {
		t.Errorf("without a slot's length: %d", got)
	}
}

// TestTags: the default network's 1,000 clients, and more of anything.
func TestTags(t *testing.T) {
	par := directory.Parameters{PayloadEvery: 10 * time.Second, LoopEvery: 40 * time.Second,
		DropEvery: 15 * time.Second, EpochLength: time.Hour}
	// a second: 3 of payload, 3 of loops (over: a loop is no request elsewhere), 2 of drops
	want := int(1.5 * 1000 * 3600 * (3*0.1 + 3*0.025 + 2/15.))
	if got := Tags(1000, par); got < want-1 || got > want+1 {
		t.Errorf("%d tags, want %d", got, want)
	}
	longer := par
	longer.Grace = time.Minute
	if Tags(1001, par) <= want || Tags(1000, longer) <= want {
		t.Error("more clients or a longer epoch need no more")
	}
	if got := Tags(1<<40, par); got != math.MaxInt32 {
		t.Errorf("beyond counting: %d", got)
	}
}
