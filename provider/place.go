package provider

import (
	"time"

	"murmuration/internal/transit"
)

// Block is where a client's connection comes from, as far as shares are counted: an IPv4 /24 or an
// IPv6 /48. Empty when that says nothing, because all clients come through one door. It lives in
// memory with the place, and nowhere else.
type Block string

// Implementation constants.
const (
	// A connected client counts as absent when it has said nothing for as long as it was here, but
	// not within patientMost mean waits of its streams, which one wait in e^12 exceeds, and not
	// before patientLeast.
	patientLeast = 4
	patientMost  = 12
	// settled is how long somebody must be connected to belong to those whose places are reserved.
	settled = time.Hour
)

// places are the spools of all clients. A key costs nothing, so that no place is anybody's for
// having come first: when there is none left, somebody loses theirs to a newcomer. Who was away
// longest, measured by how long they were here, loses first, and sooner the more places their block
// holds. Those who are here lose only what is not reserved for them, and only to a block that holds
// less.
type places struct {
	limits  Limits
	every   time.Duration // between two packets of one client, on average; 0 if not known yet
	spools  map[SpoolKey]*spool
	order   []SpoolKey // of admission: maps have no order, transcripts need one
	spooled int
	// connections of places that were lost, until they end
	ghosts map[SpoolKey]int
	lost   []SpoolKey // since TakeLost
}

func newPlaces(limits Limits) places {
	return places{limits: limits, spools: map[SpoolKey]*spool{},
		ghosts: map[SpoolKey]int{}}
}

// Judged notes whether a client's packet could be opened. Whoever sends what cannot be, to hold a
// place cheaply, counts as one who was never here.
func (p *places) Judged(key SpoolKey, opened bool) {
	if s := p.spools[key]; s != nil {
		s.garbage = !opened
	}
}

// present says whether a client is here: connected, and heard of lately.
func (p *places) present(now time.Time, s *spool) bool {
	silence := min(patientMost*p.every, max(patientLeast*p.every, s.lastSeen.Sub(s.since)))
	return s.connections > 0 && !s.garbage && (p.every == 0 || now.Sub(s.lastSeen) <= silence)
}

// Room says whether a key from a block has a place or would get one now.
func (p *places) Room(now time.Time, key SpoolKey, block Block) bool {
	if p.spools[key] != nil {
		return true
	}
	_, ok := p.forNewcomer(now, block)
	return ok
}

// forNewcomer says who loses their place to a newcomer from a block; none if that is not needed. It
// is false when nobody does.
func (p *places) forNewcomer(now time.Time, block Block) (loser *SpoolKey, ok bool) {
	held := map[Block]int{block: 1}
	for _, s := range p.spools {
		held[s.block]++
	}
	crowded := block != "" && p.limits.PerBlock > 0 && held[block] > p.limits.PerBlock
	if !crowded && len(p.spools) < p.limits.Spools {
		return nil, true
	}
	if loser = p.absentee(now, held, block, crowded); loser == nil && !crowded {
		loser = p.youngest(now, held, block)
	}
	return loser, loser != nil
}

// absentee is the first to lose a place of those who are not here; inside keeps to one block.
func (p *places) absentee(now time.Time, held map[Block]int, block Block, inside bool) *SpoolKey {
	var loser *SpoolKey
	most := 0.0
	for i, key := range p.order {
		s := p.spools[key]
		if p.present(now, s) || inside && s.block != block {
			continue
		}
		last := s.lastSeen
		if s.garbage {
			last = s.since
		}
		away, here := now.Sub(last)+time.Second, last.Sub(s.since)+time.Second
		score := float64(held[s.block]) * float64(away) / float64(here)
		if loser == nil || score > most {
			loser, most = &p.order[i], score
		}
	}
	return loser
}

// youngest is who loses a place when everybody is here: the newest of the block that holds most,
// if that is more than the newcomer's would. Three quarters of the places are reserved for those
// who have been here for long.
func (p *places) youngest(now time.Time, held map[Block]int, block Block) *SpoolKey {
	var loser *SpoolKey
	most := held[block]
	for i := len(p.order) - 1; i >= 0; i-- {
		s := p.spools[p.order[i]]
		if i < 3*p.limits.Spools/4 && now.Sub(s.since) >= settled {
			continue
		}
		if held[s.block] > most {
			loser, most = &p.order[i], held[s.block]
		}
	}
	return loser
}

// Attach admits a client's connection with its first exchange. It is false when there is no place
// for a newcomer. The block is that of the first connection: a client that moves keeps its place.
func (p *places) Attach(now time.Time, key SpoolKey, block Block) bool {
	s := p.spools[key]
	if s == nil {
		loser, ok := p.forNewcomer(now, block)
		if !ok {
			return false
		}
		if loser != nil {
			p.evict(*loser)
		}
		s = &spool{block: block, since: now, budget: NewBudget(p.every)}
		p.spools[key] = s
		p.order = append(p.order, key)
	}
	s.connections++
	s.lastSeen, s.sent = now, 0
	return true
}

// TakeLost gives the clients whose places were lost to others since the last call. The driver ends
// their connections.
func (p *places) TakeLost() (lost []SpoolKey) {
	lost, p.lost = p.lost, nil
	return lost
}

// evict takes a place away.
func (p *places) evict(key SpoolKey) {
	s := p.spools[key]
	p.spooled -= len(s.waiting)
	if s.connections > 0 {
		p.ghosts[key] += s.connections
		p.lost = append(p.lost, key)
	}
	delete(p.spools, key)
	for i := range p.order {
		if p.order[i] == key {
			p.order = append(p.order[:i], p.order[i+1:]...)
			return
		}
	}
}

// Detach notes that one of the client's connections is gone: a new one may be there already.
func (p *places) Detach(now time.Time, key SpoolKey) {
	if p.ghosts[key] > 0 { // it was of a place that was lost
		if p.ghosts[key]--; p.ghosts[key] == 0 {
			delete(p.ghosts, key)
		}
		return
	}
	if s := p.spools[key]; s != nil && s.connections > 0 {
		s.connections--
		s.lastSeen = now
	}
}

// spool keeps a reply for its client. When a bound is reached some reply is lost, and the reason
// says so: of the client's own, the oldest, if it has as many as one may; else of whoever heaviest
// names.
func (p *places) spool(now time.Time, a arriving) transit.Reason {
	s := p.spools[a.key]
	if s == nil {
		return NoSpool
	}
	loser := s
	if full := len(s.waiting) >= p.limits.PerSpool; !full {
		if p.spooled < p.limits.SpooledTotal {
			loser = nil
		} else if loser = p.heaviest(now, s); loser == nil {
			return spoolFull
		}
	}
	if loser != nil {
		loser.dropOldest()
		p.spooled--
	}
	s.add(now, a.id, a.body)
	p.spooled++
	if loser != nil {
		return spoolFull
	}
	return transit.Accepted
}

// heaviest is whose reply is lost when the memory for replies is full and one comes for a client:
// of those who are away the one that holds most, in the block that holds most; only if they hold
// nothing, and the client is here, whoever holds most of those who are, the client itself at the
// last. So a client that is here has room for its share of the memory whatever others do.
func (p *places) heaviest(now time.Time, to *spool) *spool {
	held := map[Block]int{}
	for _, s := range p.spools {
		if !p.present(now, s) {
			held[s.block] += len(s.waiting)
		}
	}
	here := p.present(now, to)
	var loser *spool
	most := [3]int{}
	for _, key := range p.order {
		s := p.spools[key]
		rank := [3]int{1, 0, len(s.waiting)}
		if !p.present(now, s) {
			rank = [3]int{2, held[s.block], len(s.waiting)}
		} else if !here {
			continue
		}
		if len(s.waiting) > 0 && (more(rank, most) || rank == most && s == to) {
			loser, most = s, rank
		}
	}
	return loser
}

func more(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] > b[i]
		}
	}
	return false
}

// Sweep drops replies that are too old and forgets clients that have stayed away. The driver calls
// it now and then.
func (p *places) Sweep(now time.Time) (expired int) {
	kept := p.order[:0]
	for _, key := range p.order {
		s := p.spools[key]
		expired += s.expire(now.Add(-p.limits.SpoolAge))
		if s.connections == 0 && now.Sub(s.lastSeen) > p.limits.patience(s) {
			expired += len(s.waiting)
			delete(p.spools, key)
			continue
		}
		kept = append(kept, key)
	}
	p.order = kept
	p.spooled -= expired
	return expired
}

// Known says whether a client has a place here.
func (p *places) Known(key SpoolKey) bool { return p.spools[key] != nil }

// Clients is the number of spools, and how many of them are connected.
func (p *places) Clients() (known, online int) {
	for _, s := range p.spools {
		if s.connections > 0 {
			online++
		}
	}
	return len(p.spools), online
}
