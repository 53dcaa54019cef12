package des

import (
	"testing"
	"time"
)

func benchmark(b *testing.B, c Config) {
	c.Duration = 1e6 * time.Hour
	e := newEngine(usual(c).complete())
	for e.now < int64(c.Warmup) {
		e.step()
	}
	before := e.m.events
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		e.step()
	}
	b.ReportMetric(float64(e.m.events-before)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

// Every hop of every packet of a thousand clients.
func BenchmarkHops(b *testing.B) {
	c := BenchConfig(1000, true)
	benchmark(b, c)
}

// Hops drawn at once, as where nothing looks at them.
func BenchmarkFlights(b *testing.B) {
	benchmark(b, BenchConfig(1000, false))
}

// A million clients with state.
func BenchmarkMillion(b *testing.B) {
	c := BenchConfig(1_000_000, false)
	c.Warmup = 5 * time.Second
	benchmark(b, c)
}

// A thousand clients who read bulletins and fetch for each other.
func BenchmarkBulletins(b *testing.B) {
	c := listing(1000)
	c.Warmup = 30 * time.Minute
	benchmark(b, c)
}
