package provider

import (
	"testing"
	"time"
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
