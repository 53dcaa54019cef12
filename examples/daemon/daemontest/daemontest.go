// Package daemontest runs real daemons for the tests of examples: a home, a feed, a socket, and a
// network in which nobody answers. It must not be used but in tests.
package daemontest

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/client/api"
	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// Home is a home with a published feed; Run runs its daemon.
func Home(t *testing.T) string {
	t.Helper()
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	one := []directory.Authority{
		{Name: "p1", ID: directory.NewIdentity([32]byte{1}).ID(), Addr: "p1:1"},
	}
	g, err := directory.NewGenesis("test", time.Now().Add(-time.Hour), par, one, one)
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(t.TempDir(), "h")
	if err := client.Create(home, client.Init{Name: "Bot", Genesis: g}); err != nil {
		t.Fatal(err)
	}
	return home
}

// Run runs the daemon of a home while do talks to its socket.
func Run(t *testing.T, home string, do func(socket string)) {
	t.Helper()
	c, err := client.New(client.Config{Home: home, Transport: link.NewFabric().Transport})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Publish(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	socket, done := filepath.Join(t.TempDir(), "s"), make(chan error, 1)
	go func() { done <- api.Serve(ctx, c, socket, nil) }() // ends with cancel
	dialled := api.Dial(socket)
	for _, err := dialled.Ping(ctx); errors.Is(err, api.ErrNoDaemon); _, err = dialled.Ping(ctx) {
		select {
		case err := <-done:
			t.Fatal(err)
		default:
		}
	}
	do(socket)
	dialled.Close()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
