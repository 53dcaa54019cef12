package flow

import (
	"context"
	"os"
	"testing"

	"murmuration/sim/stat"
)

// dense is MiXiM's network of Fig 7a with three layers and 5 s.
func dense(targets int) Config {
	return Config{
		Layers: 3, Width: 10, Mix: Mix{MeanDelay: 1.6}, Link: Link{Min: 0.05, Max: 0.05},
		Rate: 5000, Targets: targets,
	}
}

func benchmark(b *testing.B, c Config) {
	var hops int64
	for i := uint64(0); b.Loop(); i++ {
		r, err := Run(context.Background(), c, 1, 0, i)
		if err != nil {
			b.Fatal(err)
		}
		hops += r.Hops
	}
	b.ReportMetric(float64(hops)/b.Elapsed().Seconds()/1e6, "Mhop/s")
	b.ReportMetric(0, "ns/op")
}

// One trace at a time, as a run with few targets among many packets has it; and eight at once, the
// default.
func BenchmarkOneLane(b *testing.B) {
	c := dense(4)
	c.Lanes = 1
	benchmark(b, c)
}

func BenchmarkEightLanes(b *testing.B) { benchmark(b, dense(16)) }

// Untraced is a run whose target is long gone.
func BenchmarkUntraced(b *testing.B) {
	c := dense(2)
	c.Duration = 1000
	benchmark(b, c)
}

// Large is a network whose pools do not fit a cache.
func BenchmarkLarge(b *testing.B) {
	c := dense(1)
	c.Rate, c.Width = 400_000, 300
	benchmark(b, c)
}

// long tells whether benchmarks of minutes are wanted: MURMURATION_LONG=1.
func long(b *testing.B) {
	if os.Getenv("MURMURATION_LONG") == "" {
		b.Skip("takes minutes; set MURMURATION_LONG=1")
	}
}

// MiXiMFig7a is the whole figure on two cores: 67 points of at least 750,000 messages each, with
// intervals from eight replications, of which the widest is printed.
func BenchmarkMiXiMFig7a(b *testing.B) {
	long(b)
	for b.Loop() {
		var packets, hops int64
		widest, points := 0.0, 0
		for _, endToEnd := range []float64{5, 2, 1, 0.5, 0.25} {
			for layers := 1; layers <= 19 && endToEnd-float64(layers+1)*0.05 > 1e-9; layers++ {
				c := mixim(layers, 10, 5000, endToEnd, 8)
				c.Duration = 750_000 / 8 / c.Rate
				results, err := Replicate(context.Background(), c, 1, uint64(points), 0, 8, 2)
				if err != nil {
					b.Fatal(err)
				}
				var h stat.Running
				for _, r := range results {
					h.Add(shannon(r).Value)
					packets, hops = packets+r.Packets, hops+r.Hops
				}
				points++
				widest = max(widest, h.StdErr())
			}
		}
		b.Logf(
			"%d points, %.1f million messages, %.0f million hop-events, largest standard error "+
				"%.4f bit", points, float64(packets)/1e6, float64(hops)/1e6, widest)
	}
}

// Billion is 10⁹ packets over three hops with 1,000 traced targets, in 40 shards on two cores.
func BenchmarkBillion(b *testing.B) {
	long(b)
	for b.Loop() {
		const shards = 40
		c := dense(1000 / shards)
		c.Duration = 1e9 / shards / c.Rate
		results, err := Replicate(context.Background(), c, 1, 0, 0, shards, 2)
		if err != nil {
			b.Fatal(err)
		}
		var packets, hops int64
		var h stat.Running
		for _, r := range results {
			h.Add(shannon(r).Value)
			packets, hops = packets+r.Packets, hops+r.Hops
		}
		b.Logf("%d packets, %d hop-events, %.4f ± %.4f bit", packets, hops, h.Mean(), h.StdErr())
	}
}
