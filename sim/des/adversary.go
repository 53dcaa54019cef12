package des

import "murmuration/sim/stat"

// fromClient stands for the node at the other end of a client's link.
const fromClient = 1<<16 - 1

// adversary holds links and acts on the packets there. What it does to whom is in the
// configuration; it knows no more of a packet than the link and, for the target of an n-1
// attack, that it comes from the target, whose link it watches.
type adversary struct {
	plans []Attack
	last  []int64 // when a plan let a packet through
	rng   *stat.Rand

	// One n-1 trial at a time: the target's packet in the mix, and whether the first to
	// leave afterwards is it.
	inside bool
	target event
	trials int
	hits   int
}

func (a *adversary) init(e *engine) {
	a.plans = e.cfg.Attacks
	a.last = make([]int64, len(a.plans))
	for i := range a.last {
		a.last[i] = -never
	}
	a.rng = e.random("des adversary")
}

// onLink lets the adversary act on a packet that goes to ev.Node; it returns for how long
// the packet is held, and false if it ends there.
func (a *adversary) onLink(e *engine, ev *event, from uint16) (held int64, ok bool) {
	for i := range a.plans {
		p := &a.plans[i]
		if int(ev.Node) != p.Node || p.From >= 0 && int(from) != p.From || !p.active(e.now) {
			continue
		}
		d, pass := a.act(e, i, ev, from)
		if !pass {
			e.m.count.attacked++
			return 0, false
		}
		held += d
	}
	return held, true
}

func (p *Attack) active(now int64) bool {
	return now >= int64(p.Start) && (p.End == 0 || now < int64(p.End))
}

func (a *adversary) act(e *engine, i int, ev *event, from uint16) (held int64, pass bool) {
	p := &a.plans[i]
	switch p.Kind {
	case Drop:
		return 0, a.rng.Float64() >= p.Share
	case Delay:
		if a.rng.Float64() < p.Share {
			return int64(p.Delay), true
		}
	case Replay:
		if a.rng.Float64() < p.Share {
			// The second copy is seen on the link and refused by the node, which keeps
			// the tag of the first.
			e.tap.watch(a.party(e, ev, from), int32(ev.Node), ev)
			e.m.count.replays++
		}
	case Trickle:
		if e.now-a.last[i] < int64(p.Delay) {
			return 0, false
		}
		a.last[i] = e.now
	case NMinusOne:
		return 0, a.isTarget(p, ev) || a.rng.Float64() < p.Share
	}
	return 0, true
}

func (a *adversary) party(e *engine, ev *event, from uint16) int32 {
	if from == fromClient {
		return int32(e.cfg.nodes()) + ev.Src
	}
	return int32(from)
}

func (a *adversary) isTarget(p *Attack, ev *event) bool {
	return ev.Class == message && int(ev.Src) == p.Target
}

// arrived begins a trial when the target's packet enters the attacked node.
func (a *adversary) arrived(e *engine, ev *event) {
	for i := range a.plans {
		p := &a.plans[i]
		if p.Kind == NMinusOne && int(ev.Node) == p.Node && p.active(e.now) && !a.inside &&
			a.isTarget(p, ev) {
			a.inside, a.target = true, *ev
			a.trials++
		}
	}
}

// departed ends it when something leaves that node.
func (a *adversary) departed(ev *event) {
	if !a.inside || ev.Node != a.target.Node {
		return
	}
	a.inside = false
	if ev.Class == message && ev.Src == a.target.Src && ev.Ref == a.target.Ref {
		a.hits++
	}
}

// emitted ends it too: the attacker cannot tell a mix's own loop from the target.
func (a *adversary) emitted(node int) {
	if a.inside && node == int(a.target.Node) {
		a.inside = false
	}
}
