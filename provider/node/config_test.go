package node

import (
	"strings"
	"testing"

	"murmuration/internal/directory"
	"murmuration/internal/node"
)

func TestConfigValidation(t *testing.T) {
	good := node.Config{Listen: "127.0.0.1:1"}
	for want, c := range map[string]Config{
		"":                          {Config: good, MaxClients: 5},
		"listen: missing":           {},
		"max_clients: -1":           {Config: good, MaxClients: -1},
		"spool_packets: -1":         {Config: good, SpoolPackets: -1},
		"max_clients_per_block: -1": {Config: good, MaxClientsPerBlock: -1},
		"keep_free_mib: -1":         {Config: good, KeepFreeMiB: -1},
		"keep_free_mib: 63":         {Config: good, KeepFreeMiB: 63},
		"store.limit_gib: -1":       {Config: good, Databases: Databases{LimitGiB: -1}},
		"in the clear":              {Config: good, Databases: on("host=db.example.org")},
		"are the same": {Config: good, Databases: on("host=/run/postgresql dbname=a",
			"postgres:///a?host=/run/postgresql")},
	} {
		err := c.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

func on(addresses ...string) Databases { return Databases{Postgres: addresses} }

// TestBounds of what an operator may choose, from both sides.
func TestBounds(t *testing.T) {
	good := node.Config{Listen: "127.0.0.1:1"}
	for _, c := range []struct {
		Config
		good bool
	}{
		{Config{Config: good, MaxClients: mostClients}, true},
		{Config{Config: good, MaxClients: mostClients + 1}, false},
		{Config{Config: good, KeepFreeMiB: 0}, true},
		{Config{Config: good, KeepFreeMiB: 1}, false},
		{Config{Config: good, KeepFreeMiB: minKeepFree}, true},
	} {
		if err := c.Validate(); (err == nil) != c.good {
			t.Errorf("%d clients, %d MiB: %v", c.MaxClients, c.KeepFreeMiB, err)
		}
	}
}

// TestDefaults: what is given is kept, and decides what the edge holds.
func TestDefaults(t *testing.T) {
	good := node.Config{Listen: "127.0.0.1:1", MaxHeld: 9}
	par, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ clients, spool, wantClients, wantSpool int }{
		{0, 0, defaultMaxClients, 16_000}, {7, 8, 7, 8},
	} {
		got := Config{Config: good, MaxClients: c.clients, SpoolPackets: c.spool,
			KeepFreeMiB: 64}.withDefaults(par)
		l := got.limits()
		if l.Spools != c.wantClients || l.SpooledTotal != c.wantSpool || l.Packets != 9 ||
			l.Replies != 9 || got.PacketsPerEpoch < leastTags ||
			(got.PacketsPerEpoch > leastTags) != (c.wantClients > 100) ||
			got.reserve() != 64<<20 || got.conns() != 1024+2*c.wantClients {
			t.Errorf("%+v, %d links", l, got.conns())
		}
	}
}

func TestSizesForPeople(t *testing.T) {
	for bytes, want := range map[int64]string{900: "900 bytes", 3 << 20: "3.0 MiB",
		3 << 29: "1.5 GiB", 2 << 40: "2.0 TiB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d is %s, want %s", bytes, got, want)
		}
	}
}
