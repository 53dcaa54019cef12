package demo

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/internal/config"
	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/long"
	"murmuration/internal/testnet"
	"murmuration/internal/testnet/virtual"
)

// warmUp is how many days a network with the parameters of soakOfDays fills up: what is kept for a
// day, and the days that are begun and dropped around it.
const warmUp = 4

// TestSoakOfDays runs a whole network for MURMUR_SOAK_DAYS days of virtual time, and fits lines to
// what is in use at the end of each hour, once all that is kept for a time has filled up. In real
// time no soak can see that far: a provider keeps bulletins and boxes for days.
func TestSoakOfDays(t *testing.T) {
	days := long.Count(t, "MURMUR_SOAK_DAYS", warmUp+1, 0)
	if days == 0 {
		t.Skip("takes minutes: just soak-days (MURMUR_SOAK_DAYS=8)")
	}
	plan := testnet.Plan{Dir: filepath.Join(t.TempDir(), "net"), Label: "test",
		Host: "127.0.0.1", Providers: 3, Width: 1, Parameters: soakOfDays(t)}
	homes := t.TempDir()
	s := newSamples()
	virtual.Run(t, plan, testnet.Options{}, func(n *virtual.Net) {
		ada, bob := person(t, n, homes, "ada"), person(t, n, homes, "bob")
		n.Pass(time.Hour)
		feed, err := ada.Publish()
		if err == nil {
			err = bob.Follow(feed.String(), "ada")
		}
		if err != nil {
			t.Fatal(err)
		}
		for hour := range 24 * days {
			if _, err := ada.Post(client.Draft{Text: "hour " + strconv.Itoa(hour)}); err != nil {
				t.Fatal(err)
			}
			n.Pass(time.Hour)
			if hour < 24*warmUp {
				continue
			}
			if err := s.take(); err != nil {
				t.Fatal(err)
			}
		}
		read, err := bob.Timeline(24 * days)
		if err != nil {
			t.Fatal(err)
		}
		counted.Say(t, "soak", "%d days, %d posts, %d of them read by the follower", days, 24*days,
			len(read))
		if len(read) < 24*days-2 { // what was just written is under way
			t.Errorf("the follower has %d of %d posts", len(read), 24*days)
		}
	})
	s.judge(t, 1)
}

// soakOfDays are parameters of a network that sends little, and keeps things as briefly as it may.
func soakOfDays(t *testing.T) directory.Parameters {
	t.Helper()
	par, err := config.LoadPreset("x25519")
	if err != nil {
		t.Fatal(err)
	}
	par.RetentionDays, par.Clients = 1, 7
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 2*time.Minute, 10*time.Minute, 5*time.Minute
	par.MixLoopEvery, par.ReplicateEvery = 5*time.Minute, time.Minute
	par.BulletinEvery = 8 * time.Minute
	return par
}

// person makes a home and runs its client to the end of the story.
func person(t *testing.T, n *virtual.Net, homes, name string) *client.Client {
	t.Helper()
	home := filepath.Join(homes, name)
	if err := client.Create(home, client.Init{Name: name, Genesis: n.Genesis}); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{Home: home, Transport: n.Fabric.Transport})
	if err != nil {
		t.Fatal(err)
	}
	n.Go(func(ctx context.Context) error { return errors.Join(c.Run(ctx), c.Close()) })
	return c
}
