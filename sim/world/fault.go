package world

import (
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/internal/directory"
)

// pair is a link between two nodes, whichever way.
type pair [2]int32

func pairOf(a, b *Node) pair { return pair{min(a.number, b.number), max(a.number, b.number)} }

// Links is what is wrong with the links of a world.
type Links struct {
	everywhere float64
	loss       map[pair]float64
	side       map[*Node]int // in a partition; a node that is not named stands on side 0
	sides      int           // how many have been named
	rng        *rand.Rand
}

func newLinks(w *World) *Links {
	return &Links{
		everywhere: w.cfg.Loss, rng: w.seeds.rand("loss", ""), loss: map[pair]float64{},
		side: map[*Node]int{},
	}
}

func (f *Links) cut(a, b *Node) bool { return len(f.side) > 0 && f.side[a] != f.side[b] }

func (f *Links) lost(a, b *Node) bool {
	if f.cut(a, b) {
		return true
	}
	share := f.everywhere
	if len(f.loss) > 0 {
		if of, ok := f.loss[pairOf(a, b)]; ok {
			share = of
		}
	}
	return share > 0 && f.rng.Float64() < share
}

func (f *Links) lostOf(p *Person) bool {
	share := max(f.everywhere, p.loss)
	return share > 0 && f.rng.Float64() < share
}

// lose has the link between two nodes lose a share of its packets.
func (f *Links) lose(a, b *Node, share float64) { f.loss[pairOf(a, b)] = share }

// LoseAll has every link lose a share of its packets.
func (f *Links) LoseAll(share float64) { f.everywhere = share }

// lose has the person's link lose a share of the frames on it, up and down.
func (p *Person) Lose(share float64) { p.loss = share }

// Part cuts the links between the nodes named and all others; Heal undoes every cut.
func (f *Links) Part(side ...*Node) {
	f.sides++
	for _, node := range side {
		f.side[node] = f.sides
	}
}

// Heal joins what Part has cut.
func (f *Links) Heal() { clear(f.side) }

// Crash stops a node at once: packets, spools and jobs in memory are gone. Without its disk, so are
// its boxes, tags and Sphinx keys; an identity is restored from paper.
func (n *Node) Crash(disk bool) {
	n.up = false
	for _, p := range n.w.people {
		if p.home == n {
			p.online = false
		}
	}
	if disk {
		return
	}
	n.keys.erase()
	if n.holder != nil {
		n.holder = newHolder(n)
	}
	if a := n.Authority(); a != nil {
		a.record = nil
	}
}

// Start opens a node that has crashed.
func (n *Node) Start() error {
	if n.up {
		return fmt.Errorf("starting %s: it runs", n.Name)
	}
	n.up = true
	n.open()
	w := n.w
	if a := n.Authority(); a != nil {
		if err := a.restart(); err != nil {
			return err
		}
	}
	if doc := w.Current(); doc != nil {
		w.council.take(n, doc.Epoch)
	}
	for _, p := range w.people {
		if p.home == n {
			p.connect()
		}
	}
	return nil
}

// restart makes the authority's core anew from what is on its disk.
func (a *Authority) restart() error {
	w := a.n.w
	old := a.voter
	voter, err := directory.NewVoter(directory.VoterConfig{
		Genesis: w.genesis, Identity: a.n.identity, Admitted: a.c.admitted, Latest: old.Latest(),
		Record: a.record,
	}, a.n.now())
	if err != nil {
		return fmt.Errorf("starting the authority %s: %w", a.n.Name, err)
	}
	a.voter = voter
	return nil
}

// setClock puts a node's clock ahead, or behind.
func (n *Node) SetClock(ahead time.Duration) {
	n.clock = ahead
	n.wake = 0
	if n.up {
		n.plan()
	}
}

// SetClock puts a person's clock ahead, or behind.
func (p *Person) SetClock(ahead time.Duration) {
	p.clock = ahead
	if p.online {
		p.plan()
	}
}

// Leave takes a person off the network; what arrives for them waits in their spool, for as long as
// their provider keeps it.
func (p *Person) Leave() {
	p.disconnect()
	p.away = true
}

// Return brings a person back.
func (p *Person) Return() {
	p.away = false
	p.connect()
}

// Replay hands a node a packet that somebody else made or kept, in a while.
func (w *World) Replay(n *Node, packet []byte, in time.Duration) {
	w.push(w.now+int64(in), n, packet)
}
