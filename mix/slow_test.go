package mix

import (
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/internal/cover"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transit"
)

// TestSlowPacketsWaitAsAsked: among a thousand others a second, a slow packet leaves to the
// nanosecond when it should, if the driver comes when Next says.
func TestSlowPacketsWaitAsAsked(t *testing.T) {
	const n, mean, slow = 20_000, 200 * time.Millisecond, 12 * time.Second
	rng := rand.New(rand.NewPCG(4, 2))
	r := NewRelay(1<<16, nil)
	to := directory.NodeID{'a'}
	limit := 10 * mean
	r.SetRules(Rules{DelayLimit: limit, SlowLimit: limit + protocol.SlowCap*slow,
		Next: map[directory.NodeID]struct{}{to: {}}})
	r.OpenEpoch(0, epoch0, epoch0.Add(time.Hour), replay.NewSet(n, replay.Secret{}))
	leaves := map[[2]byte]time.Time{}
	now, slower, late := epoch0, 0, time.Duration(0)
	due := func(until time.Time) {
		for next, ok := r.Next(); ok && !next.After(until); next, ok = r.Next() {
			out, err := r.Due(next, nil)
			if err != nil || len(out) == 0 {
				t.Fatalf("nothing is due at %v: %v", next.Sub(epoch0), err)
			}
			for _, d := range out {
				late = max(late, next.Sub(leaves[[2]byte(d.Packet)]).Abs())
				delete(leaves, [2]byte(d.Packet))
			}
		}
	}
	for i := range n {
		now = epoch0.Add(time.Duration(i) * time.Millisecond)
		due(now)
		delay := cover.HopDelay(rng, mean, limit)
		if i%8 == 0 {
			delay += cover.HopDelay(rng, slow, protocol.SlowCap*slow)
		}
		if delay > limit {
			slower++
		}
		name := [2]byte{byte(i), byte(i >> 8)}
		a := transit.Arrival{Packet: name[:]}
		a.Hop.Kind, a.Hop.Delay, a.Hop.Next = sphinx.Forward, delay, sphinx.NodeID(to)
		copy(a.Hop.Tag[:], name[:])
		if reason := r.Receive(now, a); reason != transit.Accepted {
			t.Fatal(reason)
		}
		leaves[name] = now.Add(delay)
		r.Persisted(uint64(i) + 1)
	}
	due(now.Add(time.Hour))
	if late != 0 || len(leaves) != 0 || r.Held() != 0 || slower < n/10 {
		t.Errorf("late by %v, %d have not left, %d are held; %d were slow", late, len(leaves),
			r.Held(), slower)
	}
}

// TestRulesOfSlowPackets: mixes take them, providers do not, where the network has any.
func TestRulesOfSlowPackets(t *testing.T) {
	doc := &directory.Document{Parameters: directory.Parameters{Layers: 1,
		HopDelayLimit: 20 * time.Second, SlowDelay: 2 * time.Minute}}
	for i, role := range []directory.Role{directory.RoleMix, directory.RoleProvider} {
		doc.Nodes = append(doc.Nodes, directory.Node{ID: directory.NodeID{byte(i)}, Role: role,
			Layer: 1 - i})
	}
	for i, want := range []time.Duration{500 * time.Second, 0} {
		if got := RulesOf(directory.NodeID{byte(i)}, doc).SlowLimit; got != want {
			t.Errorf("a %s takes %v, want %v", doc.Nodes[i].Role, got, want)
		}
	}
}
