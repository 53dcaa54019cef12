package des_test

import (
	"context"
	"fmt"
	"time"

	"murmuration/sim/des"
)

// A hundred people who write to each other over a Loopix network: how long does it take?
func ExampleRun() {
	result, err := des.Run(context.Background(), des.Config{
		Seed: 1, Warmup: time.Minute, Duration: time.Hour, Drain: time.Minute,
		Clients: 100, Providers: 4, Layers: 3, Width: 3, MeanHop: time.Second,
		Link:         50 * time.Millisecond,
		PayloadEvery: 2 * time.Second, LoopEvery: 10 * time.Second, DropEvery: 10 * time.Second,
		Retrieval: des.Pull, PullEvery: time.Second, SpoolLimit: 64,
		Messages: des.Messages{Every: time.Minute},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mean, _ := result.Metric("latency_s_mean")
	// The queue for a slot, three mixes, four links, half a period until the next pull.
	fmt.Printf("%.1f s, expected about %.1f s\n", mean.Value, 1/(1/2.-1/60.)+3*1+4*0.05+0.5)
	// Output: 5.8 s, expected about 5.8 s
}
