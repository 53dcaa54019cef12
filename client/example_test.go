package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"murmuration/client"
	"murmuration/client/fault"
)

// A home is opened by New and lives as long as Run; Publish, Post and Timeline work meanwhile, and
// whether or not the network can be reached.
func ExampleNew() {
	c, err := client.New(client.Config{Home: "/nowhere"})
	if err != nil {
		fmt.Println(errors.Is(err, client.ErrNoHome), fault.Of(err).Hint())
		return
	}
	defer c.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go c.Run(ctx) // ends with stop
	receipt, err := c.Post(client.Draft{Text: "hello"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println("stored", receipt.Window)
	// Output: true Make one with `murmur init`, or name another --home.
}
