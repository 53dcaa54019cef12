package flow

import (
	"math"
	"slices"
)

// journal is what the observer saw in a run, in order, kept to be read backward: every packet of a
// pool may be the one that left, so that the probability that a waiting packet becomes a given
// output is, before a departure from a pool of n, the average of that of the n−1 who stay and the
// one who leaves; and an arrival has that of the pool it joins. In a backward run the number that
// packets carry on a road is not a mass but which departure they are.
type journal struct {
	layers  [][]event
	counts  []int      // departures of each layer, clients first
	targets []float64  // times of entry
	entries []int      // which entry each target is
	outputs []exit     // of targets, as they come
	row     [1]float64 // of the packet that is about to be sent
}

// event is an arrival at a pool, of the departure number from of the layer before (0: born here),
// or a departure.
type event struct{ pool, from uint32 }

const departure = 1 << 31 // added to the pool

// exit is where a target comes out.
type exit struct {
	number  int     // which departure from the last layer
	born    float64 // time of entry, as far as a float32 of age tells
	latency float64
}

// passLanes outputs are traced in one pass over a journal.
const passLanes = 8

func newJournal(layers int) *journal {
	return &journal{layers: make([][]event, layers), counts: make([]int, layers+1)}
}

// enter counts a packet from clients, whose row it returns.
func (j *journal) enter() []float64 {
	j.counts[0]++
	j.row[0] = float64(j.counts[0])
	return j.row[:]
}

func (j *journal) target(at float64) {
	j.targets = append(j.targets, at)
	j.entries = append(j.entries, j.counts[0])
}

func (j *journal) arrive(hop int, pool uint32, row []float64) {
	from := uint32(0)
	if row != nil {
		from = uint32(row[0])
	}
	j.layers[hop] = append(j.layers[hop], event{pool: pool, from: from})
}

// leave notes a departure, and returns the row that it carries on.
func (j *journal) leave(hop int, pool uint32) []float64 {
	j.layers[hop] = append(j.layers[hop], event{pool: pool | departure})
	j.counts[hop+1]++
	j.row[0] = float64(j.counts[hop+1])
	return j.row[:]
}

func (j *journal) output(p *packet) {
	age := float64(p.age)
	j.outputs = append(j.outputs,
		exit{number: j.counts[len(j.layers)], born: p.at - age, latency: age})
}

// complete tells whether all targets are out.
func (j *journal) complete(targets int) bool { return len(j.outputs) == targets }

// traces reads the journal backward for each target, in order of their outputs. pools are those of
// the layers at the end of the run.
func (j *journal) traces(pools []*pools) []Trace {
	var traces []Trace
	for batch := range slices.Chunk(j.outputs, passLanes) {
		rows := make([]float64, passLanes*(j.counts[len(j.layers)]+1))
		for i, x := range batch {
			rows[x.number*passLanes+i] = 1
		}
		for hop := len(j.layers) - 1; hop >= 0; hop-- {
			rows = j.pass(hop, pools[hop].count, rows)
		}
		for i, x := range batch {
			traces = append(traces, j.judge(x, rows, i))
		}
	}
	return traces
}

// pass goes back through one layer: from the probabilities of its departures to those of the layer
// before.
func (j *journal) pass(hop int, counts []int32, rows []float64) []float64 {
	counts = slices.Clone(counts)
	before := make([]float64, passLanes*(j.counts[hop]+1))
	waiting := make([]float64, passLanes*len(counts)) // of a packet in each pool
	number := j.counts[hop+1]
	for _, e := range slices.Backward(j.layers[hop]) {
		pool := e.pool &^ departure
		w := waiting[int(pool)*passLanes:][:passLanes]
		if e.pool&departure == 0 {
			counts[pool]--
			copy(before[int(e.from)*passLanes:][:passLanes], w)
			continue
		}
		counts[pool]++
		by := 1 / float64(counts[pool])
		for i, u := range rows[number*passLanes:][:passLanes] {
			w[i] = w[i]*(1-by) + u*by
		}
		number--
	}
	return before
}

// judge is the posterior over entries. What is left out was inside from the start or born in a mix.
func (j *journal) judge(x exit, rows []float64, column int) Trace {
	var l lane
	l.start()
	l.latency = x.latency
	nearest := 0
	for i, at := range j.targets {
		if math.Abs(at-x.born) < math.Abs(j.targets[nearest]-x.born) {
			nearest = i
		}
	}
	l.truth = rows[j.entries[nearest]*passLanes+column]
	for n := 1; n <= j.counts[0]; n++ {
		if p := rows[n*passLanes+column]; p > tiny {
			l.output(p, -log2(p))
		}
	}
	return l.trace()
}
