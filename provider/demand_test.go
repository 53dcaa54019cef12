package provider

import (
	"math"
	"testing"
	"time"

	"murmuration/internal/directory"
)

// TestDemand: more of anything that fills the disk needs more of it, and copies never exceed
// providers.
func TestDemand(t *testing.T) {
	base := Demand{Clients: 100, Providers: 5, Replicas: 2, PayloadEvery: 10 * time.Second,
		PollShare: 0.25, BoxBytes: 8272, Days: 16}
	if got, want := base.Disk(), int64(100*0.075*2*8272*16*86400); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
	for name, change := range map[string]func(*Demand){
		"clients": func(d *Demand) { d.Clients++ }, "days": func(d *Demand) { d.Days++ },
		"replicas": func(d *Demand) { d.Replicas++ },
		"rate":     func(d *Demand) { d.PayloadEvery /= 2 },
		"share":    func(d *Demand) { d.PollShare = 0 },
	} {
		more := base
		if change(&more); more.Disk() <= base.Disk() {
			t.Errorf("more %s needs no more disk", name)
		}
	}
	alone := base
	alone.Providers = 1
	if alone.Disk()*2 != base.Disk() {
		t.Error("one provider keeps two copies")
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
