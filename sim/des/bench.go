package des

import "time"

// BenchConfig is the network that `murmur sim bench` measures the engine with: our default
// delays and exchanges, clients who send one packet a second in three streams and write a
// message every half minute, links of 50 ms.
func BenchConfig(clients int, hops bool) Config {
	return Config{
		Seed: 1, Warmup: 30 * time.Second, Duration: time.Hour, Drain: time.Nanosecond,
		Clients: clients, Providers: max(3, clients/1000), Layers: 3, Width: max(3, clients/1000),
		MeanHop: 2 * time.Second, DelayCap: 10, EntryDelay: true, ExitDelay: true,
		Link: 50 * time.Millisecond, ClientLink: 30 * time.Millisecond,
		PayloadEvery: 2 * time.Second, LoopEvery: 6 * time.Second, DropEvery: 3 * time.Second,
		Retrieval: Exchange, SpoolLimit: 64, MixLoopEvery: 10 * time.Second,
		Messages: Messages{Every: 30 * time.Second}, Hops: hops,
	}
}
