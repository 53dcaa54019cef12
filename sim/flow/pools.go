package flow

// pools holds what an observer thinks of the packets that wait in the mixes of one layer. Every
// packet of a pool is as likely as any other to be a traced one, so that a pool needs one number
// per lane: share, the mass per packet. An arrival with mass m makes it (n·share + m)/(n+1); a
// departure from a pool of n takes mass/n, which is the share, and leaves the share of the others
// as it is. This is the same as adding to a pool's mass and taking mass/n away, and nothing
// cancels: shares are averages, so they stay between 0 and 1, and rounding does not build up. They
// are float64, because Σp over a million outputs must be 1 to eight digits to know when a trace is
// over.
//
// A mix that is corrupt tells which packet is which. A packet with mass waits there in a pool of
// its own, beyond those of the mixes; the others wait in their mix's pool, which then has no mass.
type pools struct {
	lanes int
	mixes uint32
	count []int32   // packets in each pool
	share []float64 // lanes numbers each
	// mass of discarded dummies that found their pool empty; nil as long as there is none
	ghost   []float64
	column  []uint32 // of the mix whose packet a pool of its own holds, from mixes on
	vacant  []uint32 // pools of their own that hold nothing
	inverse [512]float64
}

func newPools(mixes, lanes int) *pools {
	p := &pools{
		lanes: lanes, mixes: uint32(mixes), count: make([]int32, mixes),
		share: make([]float64, mixes*lanes),
	}
	for i := range p.inverse {
		p.inverse[i] = 1 / float64(i)
	}
	return p
}

// own is a pool for one packet that waits in a corrupt mix.
func (p *pools) own(column uint32) uint32 {
	if n := len(p.vacant); n > 0 {
		pool := p.vacant[n-1]
		p.vacant = p.vacant[:n-1]
		p.column[pool-p.mixes] = column
		return pool
	}
	p.column = append(p.column, column)
	p.count = append(p.count, 0)
	p.share = append(p.share, make([]float64, p.lanes)...)
	return uint32(len(p.count) - 1)
}

// columnOf is the mix in which the packets of a pool are.
func (p *pools) columnOf(pool uint32) uint32 {
	if pool < p.mixes {
		return pool
	}
	return p.column[pool-p.mixes]
}

func (p *pools) row(pool uint32) []float64 {
	return p.share[int(pool)*p.lanes : (int(pool)+1)*p.lanes]
}

func (p *pools) invert(n int32) float64 {
	if int(n) < len(p.inverse) {
		return p.inverse[n]
	}
	return 1 / float64(n)
}

// arrive adds a packet with its masses; nil is none.
func (p *pools) arrive(pool uint32, mass []float64) {
	n := p.count[pool] + 1
	p.count[pool] = n
	row, by := p.row(pool), p.invert(n)
	keep := 1 - by
	if mass == nil {
		for j := range row {
			row[j] *= keep
		}
	} else {
		for j, m := range mass {
			row[j] = row[j]*keep + m*by
		}
	}
	if n == 1 && p.ghost != nil && pool < p.mixes {
		p.haunt(pool)
	}
}

// discard adds the masses of a dummy that a mix throws away to those of the packets it holds, or of
// the next to come.
func (p *pools) discard(pool uint32, mass []float64) {
	if n := p.count[pool]; n > 0 {
		by := p.invert(n)
		for j, m := range mass {
			p.share[int(pool)*p.lanes+j] += m * by
		}
		return
	}
	if p.ghost == nil {
		p.ghost = make([]float64, int(p.mixes)*p.lanes)
	}
	for j, m := range mass {
		p.ghost[int(pool)*p.lanes+j] += m
	}
}

// haunt gives the only packet of a pool the masses of the dummies that found it empty.
func (p *pools) haunt(pool uint32) {
	ghost := p.ghost[int(pool)*p.lanes : (int(pool)+1)*p.lanes]
	for j, m := range ghost {
		p.share[int(pool)*p.lanes+j] += m
		ghost[j] = 0
	}
}

// forget removes a lane's masses.
func (p *pools) forget(lane int) {
	for i := lane; i < len(p.share); i += p.lanes {
		p.share[i] = 0
	}
	for i := lane; i < len(p.ghost); i += p.lanes {
		p.ghost[i] = 0
	}
}

// leave takes a packet out. Its masses are the pool's row, until the next arrival there.
func (p *pools) leave(pool uint32) {
	p.count[pool]--
	if pool >= p.mixes {
		p.vacant = append(p.vacant, pool)
	}
}
