package trace

import (
	"fmt"
	"math"
	"slices"
)

// Features of one client in one window, for telling active from idle. Everything
// in them can be seen from outside: times, sizes and directions.
const (
	upCount    = iota // packets up
	downCount         // packets down
	upBytes           // bytes up
	downBytes         // bytes down
	gapMean           // mean gap between packets up, seconds
	gapSD             // standard deviation of that gap, seconds
	gapMin            // smallest gap, seconds
	gapMax            // largest gap, seconds
	dispersion        // variance over mean of the packets up in eight slices
	sliceMax          // most packets up in one slice
	lag1              // correlation of neighbouring gaps
	balance           // packets down less packets up
	NumFeatures
)

// Vector is the features of one window.
type Vector [NumFeatures]float64

// Window is one client over one stretch of time.
type Window struct {
	Client   int32
	From, To int64 // nanoseconds, To not included
	Features Vector
}

// slices per window, for the counts within it.
const slicesPerWindow = 8

// Windows cuts a trace into windows of the given length in nanoseconds, starting at
// from, and returns each client's features in each full window before to, ordered by
// window, then client. Its memory is proportional to clients times windows.
func Windows(p Parties, events []Event, from, to, length int64) ([]Window, error) {
	if length < slicesPerWindow || to-from < length {
		return nil, fmt.Errorf("cutting a trace of %d ns into windows of %d ns", to-from, length)
	}
	count := int((to - from) / length)
	parts := make([]part, count*int(p.Clients))
	for _, e := range events {
		at := e.At - from
		if at < 0 || at >= int64(count)*length {
			continue
		}
		row := parts[int(at/length)*int(p.Clients):]
		if c, ok := p.Client(e.From); ok {
			row[c].up(at%length, length, e.Size)
		}
		if c, ok := p.Client(e.To); ok {
			row[c].down(e.Size)
		}
	}
	windows := make([]Window, len(parts))
	for i := range parts {
		w := int64(i / int(p.Clients))
		windows[i] = Window{
			Client: int32(i % int(p.Clients)),
			From:   from + w*length, To: from + (w+1)*length,
			Features: parts[i].vector(),
		}
	}
	return windows, nil
}

// part gathers one client's window.
type part struct {
	ups, downs         int
	upBytes, downBytes int64
	times              []float64 // seconds
	slice              [slicesPerWindow]float64
}

func (p *part) up(at, length int64, size int32) {
	p.ups++
	p.upBytes += int64(size)
	p.times = append(p.times, float64(at)/1e9)
	p.slice[at*slicesPerWindow/length]++
}

func (p *part) down(size int32) {
	p.downs++
	p.downBytes += int64(size)
}

func (p *part) vector() Vector {
	var v Vector
	v[upCount], v[downCount] = float64(p.ups), float64(p.downs)
	v[upBytes], v[downBytes] = float64(p.upBytes), float64(p.downBytes)
	v[balance] = v[downCount] - v[upCount]
	p.gaps(&v)
	mean, variance := moments(p.slice[:])
	if mean > 0 {
		v[dispersion] = variance / mean
	}
	v[sliceMax] = slices.Max(p.slice[:])
	return v
}

func (p *part) gaps(v *Vector) {
	if len(p.times) < 2 {
		return
	}
	gaps := make([]float64, len(p.times)-1)
	for i := range gaps {
		gaps[i] = p.times[i+1] - p.times[i]
	}
	mean, variance := moments(gaps)
	v[gapMean], v[gapSD] = mean, math.Sqrt(variance)
	v[gapMin], v[gapMax] = slices.Min(gaps), slices.Max(gaps)
	if variance > 0 && len(gaps) > 2 {
		sum := 0.0
		for i := 1; i < len(gaps); i++ {
			sum += (gaps[i] - mean) * (gaps[i-1] - mean)
		}
		v[lag1] = sum / float64(len(gaps)-1) / variance
	}
}

// moments returns mean and population variance.
func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(x))
}
