package node

import (
	"fmt"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/provider"
)

// demand is that of this provider under a network's parameters.
func (c Config) demand(par directory.Parameters, providers int) provider.Demand {
	return provider.Demand{
		Clients: c.MaxClients, Providers: providers, Replicas: par.Replicas,
		PayloadEvery: par.PayloadEvery,
		PollShare:    par.PollShare, BoxBytes: par.Ciphertext(),
		Days: par.RetentionDays + 2, // today, the full days, and the one that is being dropped
	}
}

// stateDisk says at the start what disk the admitted clients may need, and warns when there is
// less.
func (n *Node) stateDisk() {
	genesis := n.chassis.Home.Genesis
	providers := len(genesis.Entries)
	if doc := n.chassis.Documents.Latest(); doc != nil {
		providers = len(doc.Providers())
	}
	log := n.cfg.Log.With("clients", n.cfg.MaxClients)
	need := n.cfg.demand(genesis.Parameters, providers).Disk()
	free, err := durable.Free(n.cfg.Home)
	if err != nil {
		log.Info("disk that the admitted clients may need", "disk", size(need))
		return
	}
	log.Info("disk that the admitted clients may need", "disk", size(need), "free",
		size(int64(free)))
	if need > int64(free) {
		log.Warn("the disk may become full, and boxes are refused then: lower max_clients, or "+
			"give the provider more disk",
			"disk", size(need), "free", size(int64(free)))
	}
}

// size writes bytes for people.
func size(bytes int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}} {
		if bytes >= u.bytes {
			return fmt.Sprintf("%.1f %s", float64(bytes)/float64(u.bytes), u.name)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}
