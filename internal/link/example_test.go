package link_test

import (
	"context"
	"errors"
	"fmt"

	"murmuration/internal/link"
)

// Two ends of one exchange in memory: one frame up, one of equal size down.
func ExamplePipe() {
	config := func(seed byte) link.Config {
		return link.Config{Identity: link.Seed{seed}, FrameSize: func(link.Kind) int { return 4 }}
	}
	client, provider, err := link.Pipe(config(1), config(2), link.Exchange)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	defer provider.Close()

	frame := make([]byte, 4)
	client.Send([]byte("ping"))
	provider.Receive(frame)
	fmt.Println(string(frame), provider.Peer() == link.Seed{1}.Public())
	provider.Send([]byte("pong"))
	client.Receive(frame)
	fmt.Println(string(frame))
	// Output:
	// ping true
	// pong
}

// Nodes of two networks refuse each other, and the dialler is told what to do.
func ExampleFabric() {
	config := func(network, seed byte) link.Config {
		return link.Config{
			Network:   [32]byte{network},
			Identity:  link.Seed{seed},
			FrameSize: func(link.Kind) int { return 2048 },
			Admit:     func(link.PublicKey, link.Kind) bool { return true },
		}
	}
	fabric := link.NewFabric()
	node, _ := fabric.Transport(config('A', 1))
	stranger, _ := fabric.Transport(config('B', 2))
	listener, err := node.Listen("mix-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer listener.Close()

	_, err = stranger.Dial(context.Background(),
		link.Peer{Addr: "mix-1", Key: link.Seed{1}.Public()}, link.Packets)
	fmt.Println(err)
	var reason *link.Error
	if errors.As(err, &reason) {
		fmt.Println(reason.Hint())
	}
	// Output:
	// dialling mix-1 for packets: the node belongs to another network
	// Both sides must run from the same genesis file: compare the output of 'murmur network show'.
}
