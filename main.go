// Command murmur is Murmuration: mixes, providers, clients and the simulator in one binary.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"murmuration/internal/cli"
)

func main() {
	// No command works less well where the system refuses this.
	if err := cli.Undumped(); err != nil {
		fmt.Fprintln(os.Stderr, "memory may be dumped:", err)
	}
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup: the program outlives its terminal
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop) // whoever asks twice does not wait
	code := cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
