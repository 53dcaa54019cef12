package pgstore_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"murmuration/internal/box/pgstore"
	"murmuration/internal/config"
	"murmuration/internal/demo"
	"murmuration/internal/testnet"
	providernode "murmuration/provider/node"
)

// TestWholeProviders: the demo's network, every provider of which keeps what it has in two
// databases on two servers: a post and a photo come through, and boxes, bulletins and tokens lie
// there. A provider does not start while one of its databases is away, and says which; it starts
// when that is there again.
func TestWholeProviders(t *testing.T) {
	servers := []*server{newServer(t, memory(t)), newServer(t, memory(t))}
	par, err := config.LoadPreset("demo")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex // guards stores
	stores := map[string]pgstore.Options{}
	store := func(n *testnet.Node) providernode.Store {
		o := pgstore.Options{KeyFile: filepath.Join(t.TempDir(), "secret"),
			Patience: 5 * time.Second}
		for _, s := range servers {
			o.Shards = append(o.Shards, s.make(strings.ReplaceAll(n.Name, "-", "")))
		}
		if made, err := pgstore.Create(t.Context(), o); err != nil || made != len(servers) {
			t.Fatalf("%d databases of %s were made: %v", made, n.Name, err)
		}
		mu.Lock()
		stores[n.Name] = o
		mu.Unlock()
		return open(t, o)
	}
	report, err := demo.Run(t.Context(), demo.Options{Dir: t.TempDir(), Parameters: par,
		Patience: 2 * time.Minute, Started: time.Now(), Say: t.Logf,
		Network: testnet.Options{Store: store}})
	if err != nil || report.Boxes == 0 {
		t.Fatalf("%d boxes: %v", report.Boxes, err)
	}
	for _, kind := range []string{"box", "bulletin", "token"} {
		all := 0
		for i, s := range servers {
			have := 0
			for name := range stores {
				have += s.days(strings.ReplaceAll(name, "-", ""), kind)
			}
			t.Logf("on server %d, %d days of providers have rows of kind %s", i+1, have, kind)
			all += have
		}
		if all == 0 {
			t.Errorf("no database has rows of kind %s", kind)
		}
	}

	o := stores["provider-1"]
	servers[1].kill()
	if s, err := pgstore.Open(t.Context(), o); err == nil {
		s.Close()
		t.Error("a provider starts without one of its databases")
	} else if !strings.Contains(err.Error(), servers[1].sock) {
		t.Errorf("the error does not say which database is away: %v", err)
	}
	servers[1].start()
	open(t, o)
}

// days counts those that have rows of a kind.
func (s *server) days(database, kind string) (n int) {
	for _, day := range strings.Fields(s.do(database, "SELECT string_agg(nspname, ' ') FROM "+
		"pg_namespace WHERE nspname LIKE 'murmur_day_%'")) {
		if s.do(database, "SELECT count(*) > 0 FROM "+day+"."+kind) == "t" {
			n++
		}
	}
	return n
}
