package cover_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/internal/cover"
)

// A stream has a slot every ten seconds on average, whatever its owner has to say.
func ExampleSchedule() {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	stream := cover.NewSchedule(rand.New(rand.NewPCG(1, 2)), 10*time.Second, start)
	slots := 0
	for stream.Next().Before(start.Add(24 * time.Hour)) {
		slots++
		stream.Advance()
	}
	fmt.Println("about 8,640 slots a day:", slots > 8_300 && slots < 8_980)
	// Output: about 8,640 slots a day: true
}
