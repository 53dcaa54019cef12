package attack

import (
	"testing"

	"murmuration/sim/stat"
)

// A thousand clients who all send in each of a thousand rounds.
func BenchmarkLeastSquares(b *testing.B) {
	const users = 1000
	rng := stat.Seed(1, 0, 0, 0, "bench")
	rounds := make([]Round, users)
	for i := range rounds {
		for c := range int32(users) {
			if rng.Float64() < 0.7 {
				rounds[i].Senders = append(rounds[i].Senders, c)
				rounds[i].Receivers = append(rounds[i].Receivers, int32(rng.IntN(users)))
			}
		}
	}
	targets := []Target{{Client: 1, Friends: []int32{2}}, {Client: 3, Friends: []int32{4}}}
	for b.Loop() {
		if _, err := Disclose(LeastSquares, rounds, users, targets); err != nil {
			b.Fatal(err)
		}
	}
}
