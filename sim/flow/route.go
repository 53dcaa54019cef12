package flow

import "murmuration/sim/stat"

// routes draws the mixes of a path, and knows which of them are corrupt.
type routes struct {
	topology Topology
	width    int
	alias    *aliasTable
	corrupt  [][]bool // by layer and column; one row for all hops of FreeRoute
}

func newRoutes(c *Config, placement *stat.Rand) routes {
	r := routes{topology: c.Topology, width: c.Width}
	if c.Weights != nil {
		r.alias = newAliasTable(c.Weights)
	}
	layers := c.Layers
	if c.Topology == FreeRoute {
		layers = 1
	}
	r.corrupt = make([][]bool, layers)
	for l := range r.corrupt {
		r.corrupt[l] = make([]bool, c.Width)
	}
	r.place(c, placement)
	return r
}

// place chooses the corrupt mixes at random: a random order of all mixes, or of columns and layers
// when balanced, of which the first ones are corrupt, so that with one seed fewer of them are a
// part of more.
func (r *routes) place(c *Config, rng *stat.Rand) {
	layers := len(r.corrupt)
	order := make([]int, layers*r.width)
	for i := range order {
		order[i] = i
	}
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if c.Balanced {
		order = roundRobin(order, layers, rng)
	}
	for _, m := range order[:c.Corrupt] {
		r.corrupt[m%layers][m/layers] = true
	}
}

// roundRobin reorders mixes, of which m is in layer m mod layers, so that layers take turns. Which
// of them comes first is random, because it matters: a corrupt mix between two honest ones takes
// less than one before or behind them.
func roundRobin(order []int, layers int, rng *stat.Rand) []int {
	byLayer := make([][]int, layers)
	for _, m := range order {
		byLayer[m%layers] = append(byLayer[m%layers], m)
	}
	rng.Shuffle(layers, func(i, j int) { byLayer[i], byLayer[j] = byLayer[j], byLayer[i] })
	out := order[:0:0]
	for i := range len(order) / layers {
		for _, l := range byLayer {
			out = append(out, l[i])
		}
	}
	return out
}

// isCorrupt tells whether the mix at a hop is corrupt.
func (r *routes) isCorrupt(hop int, column uint32) bool {
	return r.corrupt[hop%len(r.corrupt)][column]
}

// next is the mix at this hop after the one at from; hop 0 has none before.
func (r *routes) next(hop int, from uint32, rng *stat.Rand) uint32 {
	switch {
	case r.topology == Cascade && hop > 0:
		return from
	case r.topology == FreeRoute && hop > 0:
		other := uint32(rng.IntN(r.width - 1))
		if other >= from {
			other++
		}
		return other
	}
	return r.any(rng)
}

func (r *routes) any(rng *stat.Rand) uint32 {
	if r.alias != nil {
		return r.alias.draw(rng)
	}
	return uint32(rng.IntN(r.width))
}

// compromised is the share of paths on which every mix is corrupt, for the placement at hand.
func (r *routes) compromised(c *Config) float64 {
	switch r.topology {
	case Cascade:
		return r.share(c, func(column int) bool {
			for _, l := range r.corrupt {
				if !l[column] {
					return false
				}
			}
			return true
		})
	case FreeRoute:
		p, n := float64(c.Corrupt)/float64(c.Width), float64(c.Width-1)
		for range c.Layers - 1 {
			p *= float64(c.Corrupt-1) / n
		}
		return max(p, 0)
	}
	p := 1.0
	for _, l := range r.corrupt {
		p *= r.share(c, func(column int) bool { return l[column] })
	}
	return p
}

// honest is the share of what is born in a layer (0: at clients) that is not born in corrupt mixes.
func (r *routes) honest(c *Config, layer int) float64 {
	if layer == 0 {
		return 1
	}
	return r.share(c, func(column int) bool { return !r.isCorrupt(layer-1, uint32(column)) })
}

// share is how much of a layer's traffic goes through the columns that are in.
func (r *routes) share(c *Config, in func(column int) bool) float64 {
	sum, total := 0.0, 0.0
	for column := range c.Width {
		w := 1.0
		if c.Weights != nil {
			w = c.Weights[column]
		}
		total += w
		if in(column) {
			sum += w
		}
	}
	return sum / total
}

// aliasTable draws from a finite law in constant time (Walker 1977, in Vose's form).
type aliasTable struct {
	keep  []float64
	alias []uint32
}

func newAliasTable(weights []float64) *aliasTable {
	n, total := len(weights), 0.0
	for _, w := range weights {
		total += w
	}
	t := &aliasTable{keep: make([]float64, n), alias: make([]uint32, n)}
	var small, large []int
	for i, w := range weights {
		t.keep[i], t.alias[i] = w*float64(n)/total, uint32(i)
		if t.keep[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		t.alias[s] = uint32(l)
		t.keep[l] -= 1 - t.keep[s]
		if t.keep[l] < 1 {
			large, small = large[:len(large)-1], append(small, l)
		}
	}
	return t
}

func (t *aliasTable) draw(rng *stat.Rand) uint32 {
	at := rng.Float64() * float64(len(t.keep))
	i := uint32(at)
	if at-float64(i) < t.keep[i] {
		return i
	}
	return t.alias[i]
}
