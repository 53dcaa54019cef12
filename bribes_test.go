package main

import (
	"crypto/rand"
	"time"

	"murmuration/client/person"
	"murmuration/client/purse"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
)

// bribes are the write tokens of a flooder, who asks for them as everybody does.
type bribes struct {
	*purse.Purse
	stream *bulletin.Parser
	body   int // of a reply in a frame
}

func (s *siege) bribes(doc *directory.Document, own directory.NodeID, now time.Time) (*bribes,
	error) {
	kept := store.Memory()
	who := person.New(kept)
	b := &bribes{body: s.params.BodySize(), stream: bulletin.NewParser(
		bulletin.MaxEntries(doc.Parameters, len(doc.Storing[0].Nodes)))}
	b.Purse = purse.New(who, purse.Config{
		Store: kept, Network: s.genesis.ID(), Random: rand.Reader,
		Calendar: box.Calendar{Genesis: s.genesis.Start,
			Retention: s.genesis.Parameters.RetentionDays},
	})
	if err := who.Load(); err != nil {
		return nil, err
	}
	b.Begin(doc, own)
	return b, b.Turn(now)
}

// take looks for tokens in a frame that came down.
func (b *bribes) take(down []byte) {
	d, err := exchange.ParseDown(down, b.body)
	if err != nil {
		return
	}
	records, _ := b.stream.Feed(d.Stream)
	for _, r := range records {
		if r.Tokens != nil {
			b.Take(*r.Tokens)
		}
	}
	b.Supply(time.Now())
}
