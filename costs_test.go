package main

import (
	"bytes"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/config"
	"murmuration/internal/counted"
	"murmuration/internal/long"
	"murmuration/internal/protocol"
	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/trace"
)

// TestCostsInTheWorld prints what nodes and idle people of the default network send, by the frames
// that the real cores exchange in virtual time with ten, fifty and a thousand people, and by the
// ticks of replication. Bulletins come on top, a few hundred bytes a second.
func TestCostsInTheWorld(t *testing.T) {
	if !long.Set("MURMUR_COSTS_WORLD") {
		t.Skip("takes a minute: just costs (MURMUR_COSTS_WORLD=1)")
	}
	f, err := scenario.Load("configs/sim/costs.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range f.Cells {
		s := cell.Scenario
		sent := exchanged(t, cell)
		for _, role := range []string{"provider", "mix", "person"} {
			counted.Say(t, "costs", "%d people in the world, role %s: %.2f GB sent a day",
				s.Clients.Count, role, sent[role]/1e9)
			if sent[role] <= 0 {
				t.Errorf("control: a %s sends nothing", role)
			}
		}
	}
}

// exchanged is how many bytes a day one of each role sends.
func exchanged(t *testing.T, cell scenario.Cell) map[string]float64 {
	t.Helper()
	s := cell.Scenario
	par, err := config.LoadPreset("default")
	if err != nil {
		t.Fatal(err)
	}
	params, err := par.PacketParams()
	if err != nil {
		t.Fatal(err)
	}
	packet := float64(params.PacketSize())
	frame := packet + protocol.ExchangeOverhead
	var links bytes.Buffer
	if _, err := level.Trace(t.Context(), cell, 0, &links); err != nil {
		t.Fatal(err)
	}
	header, events, err := trace.ReadAll(&links, 0)
	if err != nil {
		t.Fatal(err)
	}
	providers, counts := s.Topology.Providers, map[string]float64{}
	mixes := int(header.Nodes) - providers
	from := int64(2 * time.Minute)
	last := from
	for _, e := range events {
		if e.At < from {
			continue
		}
		last = e.At
		_, client := header.Client(e.To)
		switch {
		case int(e.From) < providers && client:
			counts["provider"] += frame / float64(providers)
		case int(e.From) < providers:
			counts["provider"] += packet / float64(providers)
		case int(e.From) < providers+mixes:
			counts["mix"] += packet / float64(mixes)
		default:
			counts["person"] += frame / float64(s.Clients.Count)
		}
	}
	perDay := float64(24*time.Hour) / float64(last-from)
	for role := range counts {
		counts[role] *= perDay
	}
	size := float64(box.Format{Plaintext: par.BoxPlaintext}.RequestSize())
	ticks := (24 * time.Hour).Seconds() / par.ReplicateAmong(providers).Seconds()
	counts["provider"] += 2 * float64(providers-1) * size * ticks // frames and answers
	return counts
}
