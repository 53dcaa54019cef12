// Command rss mirrors an RSS feed into an open feed, each item once: what was posted is asked of
// the daemon, so that nothing is said twice, however often the program is started anew.
//
//	go run ./examples/rss ~/.local/share/murmur/api.sock https://example.org/feed.xml
//
// Whoever runs the RSS feed sees that this computer asks for it; the network does not.
package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"murmuration/examples/daemon"
)

// every is how often it looks.
const every = 30 * time.Minute

// Limits: of a feed, in bytes; of its items, since the daemon tells the last 1,000 posts; of a
// title, in characters.
const (
	maxFeed  = 4 << 20
	maxItems = 200
	maxTitle = 500
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: rss SOCKET URL")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	d := daemon.At(os.Args[1])
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := mirror(ctx, d, os.Args[2]); err != nil {
			log.Print(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// item is an item of a feed: what is posted of it.
type item struct {
	Title string `xml:"title"`
	Link  string `xml:"link"`
}

// text is the post of an item; two of one feed are the same if they say the same.
func (i item) text() string {
	title := []rune(strings.Join(strings.Fields(i.Title), " "))
	return strings.TrimSpace(string(title[:min(len(title), maxTitle)]) + "\n" +
		strings.TrimSpace(i.Link))
}

// mirror posts the items of a feed that were not posted before, the oldest first.
func mirror(ctx context.Context, d *daemon.Daemon, from string) error {
	items, err := fetch(ctx, from)
	if err != nil {
		return fmt.Errorf("fetching the feed: %w", err)
	}
	said, err := d.Own(ctx)
	if err != nil {
		return err
	}
	for _, i := range slices.Backward(items) {
		text := i.text()
		if text == "" || slices.Contains(said, text) {
			continue
		}
		if err := d.Post(ctx, text); err != nil {
			return fmt.Errorf("posting %q: %w", i.Link, err)
		}
		said = append(said, text)
	}
	return nil
}

// fetch reads a feed: its newest items, the newest first.
func fetch(ctx context.Context, from string) ([]item, error) {
	request, err := http.NewRequestWithContext(ctx, "GET", from, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", from, response.Status)
	}
	var feed struct {
		Items []item `xml:"channel>item"`
	}
	if err := xml.NewDecoder(io.LimitReader(response.Body, maxFeed)).Decode(&feed); err != nil {
		return nil, fmt.Errorf("%s is no RSS feed: %w", from, err)
	}
	return feed.Items[:min(len(feed.Items), maxItems)], nil
}
