package box_test

import (
	"fmt"
	"math/rand/v2"

	"murmuration/internal/box"
)

// An author seals a post for today, a provider checks and keeps it, and a follower who has the read
// capability finds it there and opens it.
func Example() {
	rng := rand.NewChaCha8([32]byte{1}) // crypto/rand.Reader outside of examples
	network, day := box.NetworkID{1}, box.Day(12)
	format := box.DefaultFormat

	author, _ := box.NewWriteCap(rng)
	at := author.Start()
	record := format.Split(1, []byte("hello"))[0]
	request := box.Request{Op: box.OpWrite, Day: day,
		Box: author.Seal(at, network, day, record.Marshal(format))}
	bytes := request.Marshal(format)

	store := box.NewMemStore(0)
	received, _ := box.ParseRequest(format, bytes)
	if received.Verify() == nil {
		outcome, _ := store.Write(received.Day, received.Box, received.Token)
		fmt.Println(len(bytes), "bytes:", outcome.Status)
	}

	follower := author.ReadCap()
	found, status, _ := store.Read(day, follower.ID(at, network, day))
	plaintext, _ := follower.Open(at, network, day, found)
	opened, _ := box.ParseRecord(format, plaintext)
	fmt.Printf("%v: %s\n", status, opened.Content)
	// Output:
	// 8404 bytes: stored
	// found: hello
}
