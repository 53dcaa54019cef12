package provider

import (
	"strings"
	"testing"
	"time"

	"murmuration/internal/node"
)

func TestConfigValidation(t *testing.T) {
	good := node.Config{Listen: "127.0.0.1:1"}
	for want, c := range map[string]Config{
		"":                  {Config: good, MaxClients: 5},
		"listen: missing":   {},
		"max_clients: -1":   {Config: good, MaxClients: -1},
		"spool_packets: -1": {Config: good, SpoolPackets: -1},
		"keep_free_mib: -1": {Config: good, KeepFreeMiB: -1},
		"keep_free_mib: 63": {Config: good, KeepFreeMiB: 63},
	} {
		err := c.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

// TestDemand: more of anything that fills the disk needs more of it, and copies never exceed providers.
func TestDemand(t *testing.T) {
	base := Demand{Clients: 100, Providers: 5, Replicas: 2, PayloadEvery: 10 * time.Second, PollShare: 0.25, BoxBytes: 8272, Days: 16}
	if got, want := base.Disk(), int64(100*0.075*2*8272*16*86400); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
	for name, change := range map[string]func(*Demand){
		"clients": func(d *Demand) { d.Clients++ }, "days": func(d *Demand) { d.Days++ }, "replicas": func(d *Demand) { d.Replicas++ },
		"rate": func(d *Demand) { d.PayloadEvery /= 2 }, "share": func(d *Demand) { d.PollShare = 0 },
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

func TestSizesForPeople(t *testing.T) {
	for bytes, want := range map[int64]string{900: "900 bytes", 3 << 20: "3.0 MiB", 3 << 29: "1.5 GiB", 2 << 40: "2.0 TiB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d is %s, want %s", bytes, got, want)
		}
	}
}
