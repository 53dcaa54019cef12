package world

import (
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// pair is a link between two nodes, whichever way.
type pair [2]int32

func pairOf(a, b *Node) pair { return pair{min(a.number, b.number), max(a.number, b.number)} }

// faults is what is wrong with links.
type faults struct {
	everywhere float64
	loss       map[pair]float64
	side       map[*Node]int // in a partition; a node that is not named stands on side 0
	rng        *rand.Rand
}

func (f *faults) init(w *World) {
	f.everywhere, f.rng = w.cfg.Loss, w.rand("loss", "")
	f.loss, f.side = map[pair]float64{}, map[*Node]int{}
}

func (f *faults) cut(a, b *Node) bool { return len(f.side) > 0 && f.side[a] != f.side[b] }

func (f *faults) lost(a, b *Node) bool {
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

func (f *faults) lostOf(p *Person) bool {
	share := max(f.everywhere, p.loss)
	return share > 0 && f.rng.Float64() < share
}

// Lose has the link between two nodes lose a share of its packets.
func (w *World) Lose(a, b *Node, share float64) { w.faults.loss[pairOf(a, b)] = share }

// LoseAll has every link lose a share of its packets.
func (w *World) LoseAll(share float64) { w.faults.everywhere = share }

// Lose has the person's link lose a share of the frames on it, up and down.
func (p *Person) Lose(share float64) { p.loss = share }

// Part cuts the links between the nodes named and all others; Heal undoes every cut.
func (w *World) Part(side ...*Node) {
	n := len(w.faults.side) + 1
	for _, node := range side {
		w.faults.side[node] = n
	}
}

// Heal joins what Part has cut.
func (w *World) Heal() { clear(w.faults.side) }

// Crash stops a node at once: packets, spools and jobs in memory are gone. Without its disk, so are
// its boxes, tags and Sphinx keys; an identity is restored from paper.
func (n *Node) Crash(disk bool) {
	n.up = false
	for _, p := range n.w.people {
		if p.home == n {
			p.setOnline(false)
		}
	}
	if disk {
		return
	}
	n.life++
	for _, k := range n.keys {
		k.key.Erase()
	}
	n.keys = nil
	if n.holder != nil {
		n.holder = newHolder(n)
	}
	if a := n.authority(); a != nil {
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
	if a := n.authority(); a != nil {
		if err := a.restart(); err != nil {
			return err
		}
	}
	if doc := w.Current(); doc != nil {
		w.take(n, doc.Epoch)
	}
	for _, p := range w.people {
		if p.home == n {
			p.connect()
		}
	}
	return nil
}

// restart makes the authority's core anew from what is on its disk.
func (a *authority) restart() error {
	w := a.n.w
	old := a.voter
	voter, err := directory.NewVoter(directory.VoterConfig{
		Genesis: w.genesis, Identity: a.n.identity, Admitted: w.admitted, Latest: old.Latest(), Record: a.record,
	}, a.n.now())
	if err != nil {
		return fmt.Errorf("starting the authority %s: %w", a.n.Name, err)
	}
	a.voter = voter
	return nil
}

// Fill makes a provider's disk full, or gives it room again.
func (n *Node) Fill(full bool) { n.holder.store.full = full }

// Lie has a provider answer every box request with what say gives, which may ask for the honest reply;
// nil makes it honest again.
func (n *Node) Lie(say func(r box.Request, honest func() box.Reply) box.Reply) { n.holder.lie = say }

// LieWith has a provider answer every box request with one status.
func (n *Node) LieWith(status box.Status) {
	n.Lie(func(r box.Request, _ func() box.Reply) box.Reply {
		reply := box.Reply{Status: status, Day: r.Day, Box: box.Box{ID: r.Box.ID}}
		if status == box.StatusFound {
			reply.Box.Ciphertext = make([]byte, n.holder.service.Format.CiphertextSize())
		}
		if status == box.StatusDigest {
			reply = box.Reply{Status: status, Epoch: r.Epoch, Digest: [32]byte{1}}
		}
		return reply
	})
}

// SetClock puts a node's clock ahead, or behind.
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
func (w *World) Replay(n *Node, packet []byte, in time.Duration) { w.push(w.now+int64(in), n, packet) }
