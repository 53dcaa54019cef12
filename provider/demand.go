package provider

import (
	"fmt"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// Demand is what decides how much disk a provider may need.
type Demand struct {
	Clients      int           // that this provider admits
	Providers    int           // that store boxes in the whole network
	Replicas     int           // holders of each box
	PayloadEvery time.Duration // mean time between two payload slots of a client
	PollShare    float64       // of these that poll and never write
	BoxBytes     int           // ciphertext of one box
	Days         int           // that a box is kept, the day of its writing included
}

// Disk bounds the boxes that Clients at each of the Providers leave here, in bytes: every work slot a
// write, Replicas copies spread over all providers. Indexes and half-merged tables come on top, less
// than a tenth with boxes of 8 KiB.
func (d Demand) Disk() int64 {
	writes := float64(d.Clients) * (1 - d.PollShare) / d.PayloadEvery.Seconds() // a second, by the clients of one provider
	copies := float64(min(d.Replicas, d.Providers))
	return int64(writes * copies * float64(d.BoxBytes) * float64(d.Days) * 86400)
}

// demand is that of this provider under a network's parameters.
func (c Config) demand(par directory.Parameters, providers int) Demand {
	return Demand{
		Clients: c.MaxClients, Providers: providers, Replicas: par.Replicas, PayloadEvery: par.PayloadEvery, PollShare: par.PollShare,
		BoxBytes: par.Ciphertext(), Days: par.RetentionDays + 2, // today, the full days, and the one that is being dropped
	}
}

// stateDisk says at the start what disk the admitted clients may need, and warns when there is less.
func (s *Server) stateDisk() {
	genesis := s.chassis.Home.Genesis
	providers := len(genesis.Entries)
	if doc := s.chassis.Documents.Latest(); doc != nil {
		providers = len(doc.Providers())
	}
	need := s.cfg.demand(genesis.Parameters, providers).Disk()
	free, err := durable.Free(s.cfg.Home)
	if err != nil {
		s.cfg.Log.Info("disk that the admitted clients may need", "clients", s.cfg.MaxClients, "disk", size(need))
		return
	}
	s.cfg.Log.Info("disk that the admitted clients may need", "clients", s.cfg.MaxClients, "disk", size(need), "free", size(int64(free)))
	if need > int64(free) {
		s.cfg.Log.Warn("the disk may become full, and boxes are refused then: lower max_clients, or give the provider more disk", "disk", size(need), "free", size(int64(free)))
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
