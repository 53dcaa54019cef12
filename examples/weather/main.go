// Command weather is a bot: it posts what a file or a web page says, whenever it says something
// new. Start a daemon, publish its feed, and run it beside:
//
//	go run ./examples/weather ~/.local/share/murmur/api.sock https://wttr.in/Bremen?format=4
//
// Whoever runs the page sees that this computer asks for it; the network does not.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"murmuration/examples/daemon"
)

// every is how often it looks.
const every = time.Hour

// maxText is what is read of a page, in bytes; a post may have as many.
const maxText = 3000

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: weather SOCKET FILE|URL")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	d := daemon.At(os.Args[1])
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := report(ctx, d, os.Args[2]); err != nil {
			log.Print(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// report posts what a place says, unless that is what was posted last.
func report(ctx context.Context, d *daemon.Daemon, from string) error {
	text, err := look(ctx, from)
	if err != nil {
		return fmt.Errorf("looking at the weather: %w", err)
	}
	own, err := d.Own(ctx)
	if err != nil || text == "" || len(own) > 0 && own[0] == text {
		return err
	}
	return d.Post(ctx, text)
}

// look is what a file or a page says.
func look(ctx context.Context, from string) (string, error) {
	if !strings.HasPrefix(from, "http") {
		raw, err := os.ReadFile(from)
		return strings.TrimSpace(string(raw[:min(len(raw), maxText)])), err
	}
	request, err := http.NewRequestWithContext(ctx, "GET", from, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", from, response.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxText))
	return strings.TrimSpace(string(raw)), err
}
