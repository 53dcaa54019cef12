package parts_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/parts"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/internal/box"
)

// A person needs a store and time to live; a sender may come later, and another one after it.
func ExampleNew() {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	network := boxstream.Network{
		Format:   box.DefaultFormat,
		Calendar: box.Calendar{Genesis: now.Add(-time.Hour), Retention: 14},
	}
	p, err := parts.New(parts.Config{
		Name: "Ada", Network: network, Store: store.Memory(), Random: rand.NewChaCha8([32]byte{1}),
	})
	if err != nil {
		panic(err)
	}
	if err := p.Load(); err != nil {
		panic(err)
	}
	if _, err := p.Feed.Publish(now); err != nil {
		panic(err)
	}
	if _, err := p.Feed.Post(now, post.Draft{Text: "hello"}); err != nil {
		panic(err)
	}
	posts, err := p.Timeline(now, 10)
	fmt.Println(posts[0].Author(), posts[0].Text, p.Outbox.Entries()[0].State, err)
	// Output: Ada hello queued <nil>
}
