package attack_test

import (
	"fmt"

	"murmuration/sim/attack"
)

// Three rounds of a mix: client 0 sends in two of them, and client 3 receives in both.
func ExampleDisclosure_Scores() {
	rounds := []attack.Round{
		{Senders: []int32{0, 1}, Receivers: []int32{3, 2}},
		{Senders: []int32{1, 2}, Receivers: []int32{2, 1}},
		{Senders: []int32{0, 2}, Receivers: []int32{1, 3}},
	}
	scores, err := attack.Background.Scores(rounds, 4, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for client, score := range scores {
		fmt.Printf("client %d: %+.2f\n", client, score)
	}
	// Output:
	// client 0: +0.00
	// client 1: +0.00
	// client 2: +0.00
	// client 3: +1.00
}
