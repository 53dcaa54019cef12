package des

// bundles are packets that leave a client as one: Rollercoaster's p.
type bundles struct {
	e      *engine
	all    []parcel
	free   []int32
	filled []int32 // of each client, the parcel that waits to be full
}

// parcel is the packets of one bundle.
type parcel struct {
	packets [maxBundle]event
	used    int
}

// bundleHop is the mix behind which a bundle splits.
const bundleHop = 2

func (c *Config) bundleSize() int { return max(c.Groups.Bundle, 1) }

func (b *bundles) init(e *engine) {
	b.e = e
	if e.cfg.bundleSize() == 1 {
		return
	}
	b.filled = make([]int32, e.cfg.Clients)
	for i := range b.filled {
		b.filled[i] = none
	}
}

// wrap adds a packet to its client's parcel and sends that when it is full.
func (b *bundles) wrap(ev event) {
	mine := &b.filled[ev.Src]
	if *mine == none {
		*mine = b.add()
	}
	p := &b.all[*mine]
	p.packets[p.used] = ev
	p.used++
	if p.used < b.e.cfg.bundleSize() {
		return
	}
	out := event{Src: ev.Src, Dst: ev.Src, Ref: *mine, Class: bundle}
	*mine = none
	b.e.links.up(out)
}

func (b *bundles) add() int32 {
	if n := len(b.free); n > 0 {
		i := b.free[n-1]
		b.free = b.free[:n-1]
		b.all[i].used = 0
		return i
	}
	b.all = append(b.all, parcel{})
	return int32(len(b.all) - 1)
}

// split sends the packets of a bundle on, each on a way of its own.
func (b *bundles) split(ev event) {
	p := b.all[ev.Ref]
	b.free = append(b.free, ev.Ref)
	for _, one := range p.packets[:p.used] {
		one.Hop, one.Node = ev.Hop, ev.Node
		b.e.links.cross(one)
	}
}

// splitAfter is split for packets that fly over all hops at once.
func (b *bundles) splitAfter(ev event, d int64) {
	p := b.all[ev.Ref]
	b.free = append(b.free, ev.Ref)
	for _, one := range p.packets[:p.used] {
		one.Hop = ev.Hop
		b.e.nodes.fly(one, d)
	}
}
