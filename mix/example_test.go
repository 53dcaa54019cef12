package mix_test

import (
	"fmt"
	"time"

	"murmuration/mix"
)

// A pool is a Poisson mix at its heart: what comes in leaves in the order of the delays that the
// senders chose, and not before the node has made sure that it remembers.
func ExamplePool() {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	pool := mix.NewPool[string](100)
	pool.Hold(1, start.Add(900*time.Millisecond), "first in")
	pool.Hold(2, start.Add(300*time.Millisecond), "second in")
	pool.Persisted(2) // both replay tags are on disk

	for now := start; pool.Len() > 0; now = now.Add(100 * time.Millisecond) {
		if packet, ok := pool.Take(now); ok {
			fmt.Println(now.Sub(start), packet)
		}
	}
	// Output:
	// 300ms second in
	// 900ms first in
}

// Returns notices a neighbour that drops: four loops lost in a row over one link are no accident.
func ExampleReturns() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	honest, dropping, back := [32]byte{1}, [32]byte{2}, [32]byte{3}
	returns := mix.NewReturns()
	for i := range byte(8) {
		loop := [32]byte{i}
		next := honest
		if i%2 == 1 {
			next = dropping
		}
		returns.Sent(loop, next, back, now.Add(time.Minute))
		if next == honest {
			returns.Returned(loop)
		}
	}
	returns.Expire(now.Add(time.Hour))

	ratio, _ := returns.Ratio()
	worst, alarmed := returns.Worst()
	fmt.Printf("%.0f %% of all loops came back, %.0f %% over the worst link\n", 100*ratio,
		100*worst)
	fmt.Println("alarm for node", alarmed[0][0])
	// Output:
	// 50 % of all loops came back, 0 % over the worst link
	// alarm for node 2
}
