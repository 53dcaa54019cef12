package sender_test

import (
	"testing"
	"time"
)

// busyBench is a sender with an outbox that is never empty.
func busyBench(b *testing.B) *person {
	w := newNetwork(new(testing.T), 1, testParameters())
	p := w.join(0, 1)
	sealed := w.newAuthor(5).seal(0, "x")
	for i := range 1000 {
		if err := p.Enqueue(w.Now(), write(uint64(i), sealed)); err != nil {
			b.Fatal(err)
		}
	}
	return p
}

// BenchmarkPrepare is what a slot costs before its time: path, delays, SURB and packet, X-Wing.
func BenchmarkPrepare(b *testing.B) {
	p := busyBench(b)
	for b.Loop() {
		p.Prepare()
		p.Due(p.Next())
	}
}

// BenchmarkDue is what lies between a slot's timer and the wire.
func BenchmarkDue(b *testing.B) {
	p := busyBench(b)
	spent := time.Duration(0)
	n := 0
	for b.Loop() {
		p.Prepare()
		at := p.Next()
		began := time.Now()
		if _, ok := p.Due(at); !ok {
			b.Fatal("nothing is due")
		}
		spent += time.Since(began)
		n++
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(n), "ns/slot")
}
