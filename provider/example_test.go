package provider_test

import (
	"fmt"
	"time"

	"murmuration/provider"
)

// What disk may a provider of the default network need, whoever writes and however much?
func ExampleDemand() {
	need := provider.Demand{
		Listed: 16, Every: 15 * time.Second, BoxBytes: 8272, Days: 16,
	}.Disk()
	fmt.Printf("%.1f GB\n", float64(need)/1e9)
	// Output: 12.2 GB
}

// An edge answers every exchange of a client at once, from memory: a reply that waits, or a dummy.
func ExampleEdge() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	edge := provider.NewEdge(provider.Limits{Spools: 1})
	alice, bob := [32]byte{'a'}, [32]byte{'b'}
	fmt.Println("room for alice:", edge.Attach(now, alice, ""))
	fmt.Println("room for bob:", edge.Attach(now, bob, ""))

	down, _ := edge.Exchange(now, alice, 0)
	fmt.Println("a dummy:", down.Sequence == 0)
	// Output:
	// room for alice: true
	// room for bob: false
	// a dummy: true
}
