package client_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client"
	"murmuration/client/connection"
	"murmuration/client/outbox"
	"murmuration/client/photo"
	"murmuration/client/picture"
	"murmuration/client/store"
	"murmuration/internal/link"
)

// TestClientsOverANetwork is two people and their clients over the drivers of a whole network:
// their links break, they are started anew in the middle of things, their disks are full for a
// while, and epochs end. Nothing is lost, shown twice or out of order, and their logs say nothing
// about it.
func TestClientsOverANetwork(t *testing.T) {
	t.Parallel()
	var log kept
	overNetwork(t, &log, func(w *network) {
		ada, bob := w.settle("Ada-canary"), w.settle("Bob-canary")
		defer func() { ada.stop(); bob.stop() }()
		both := func() bool { return ada.Status().Connected && bob.Status().Connected }
		if !w.await("connection", time.Minute, both) {
			return
		}
		l, err := ada.Publish()
		if err == nil {
			err = bob.Follow(l.String(), "petname-canary")
		}
		if err != nil {
			t.Error(err)
			return
		}
		linksBreak(w, ada, bob)
		startedAnew(w, ada, bob)
		disksAreFull(w, ada, bob)
		for _, r := range []*resident{ada, bob} {
			w.await("end of five epochs", 3*time.Minute, func() bool {
				return r.Status().Waiting == 0 && r.Status().Epoch >= 5
			})
			s := r.Status()
			if !s.Connected || s.Provider == "" || s.Silent != 0 || s.Document < s.Epoch ||
				len(s.Trouble) != 0 {
				t.Errorf("in the end: %+v", s)
			}
		}
		log.check(t, w, l.String()[20:60])
	})
}

func linksBreak(w *network, ada, bob *resident) {
	for _, text := range []string{"one", "two", "three"} {
		ada.say(client.Draft{Text: "text-canary " + text})
		<-time.After(3 * time.Second)
		w.hangUp()
	}
	three := func() bool { return strings.Count(bob.read(), "text-canary") == 3 }
	w.await("three posts", 3*time.Minute, three)
	want := ""
	for _, text := range []string{"one", "two", "three"} {
		want += "petname-canary: text-canary " + text + "\n"
	}
	if got := bob.read(); got != want {
		w.t.Errorf("Bob reads %q", got)
	}
}

// startedAnew ends the author in the middle of writing, and the reader in the middle of reading.
func startedAnew(w *network, ada, bob *resident) {
	receipt := ada.say(
		client.Draft{Text: "with a photo", Photos: []client.Photo{
			{File: noise(w.t, 125, 125), Alt: "alt-canary"},
		}},
	)
	if receipt.Boxes < 5 || receipt.Window.Late < receipt.Window.Typical ||
		receipt.Window.Typical <= 0 {
		w.t.Errorf("the receipt is %+v", receipt)
	}
	<-time.After(time.Second)
	ada.restart()
	come := func() bool { return strings.Contains(bob.read(), "with a photo") }
	if !w.await("post", 3*time.Minute, come) {
		return
	}
	posts, _ := bob.Timeline(1)
	state := func() photo.State {
		s, err := bob.PhotoState(posts[0].ID, 0)
		if err != nil {
			w.t.Error(err)
		}
		return s
	}
	w.await("part of the photo", 3*time.Minute, func() bool { return state().Got > 0 })
	before := state()
	bob.restart()
	if after := state(); after.Got < before.Got {
		w.t.Errorf("%+v before a restart, and %+v after it", before, after)
	}
	w.await("photo", 5*time.Minute, func() bool { return state().Where == photo.Here })
	his, err1 := bob.Photo(posts[0].ID, 0)
	hers, err2 := ada.Photo(receipt.Post, 0)
	w1, h1, err3 := picture.Plain(his)
	w2, h2, err4 := picture.Plain(hers)
	if err := errors.Join(err1, err2, err3, err4); err != nil || w1 != w2 || h1 != h2 ||
		bytes.Equal(his, hers) { // it was encoded anew at his
		w.t.Errorf("his photo has %d × %d pixels, hers %d × %d, %v", w1, h1, w2, h2, err)
	}
}

// disksAreFull for a while: the cover goes on meanwhile, and everything else when there is room
// again.
func disksAreFull(w *network, ada, bob *resident) {
	for _, r := range []*resident{ada, bob} {
		w.await("connection", time.Minute, func() bool { return r.Status().Connected })
	}
	before := bob.read()
	ada.say(client.Draft{Text: "before"})
	ada.room.Store(0)
	bob.room.Store(0)
	if _, err := ada.Post(client.Draft{Text: "while full"}); !errors.Is(err, store.ErrFull) {
		w.t.Errorf("posting to a full disk: %v", err)
	}
	sent := ada.Status().Sent["payload"]
	<-time.After(30 * time.Second)
	if s := ada.Status(); !s.Connected || s.Sent["payload"] < sent+30 || len(s.Trouble) != 1 ||
		!strings.Contains(s.Trouble[0].What, "disk") {
		w.t.Errorf("while the disk is full: %+v", s)
	}
	if e := ada.Outbox()[0]; e.State != outbox.Stored || e.Kept != 0 || bob.read() != before {
		w.t.Errorf("nothing can be noted: %+v, Bob reads %q", e, bob.read())
	}
	ada.room.Store(math.MaxInt64)
	bob.room.Store(math.MaxInt64)
	w.await("post", 3*time.Minute, func() bool { return bob.read() != before })
	stored := func() bool { return ada.Outbox()[0].State == outbox.Kept }
	w.await("acknowledgement", 3*time.Minute, stored)
	if got := bob.read(); got != before+"petname-canary: before\n" {
		w.t.Errorf("Bob reads %q", got)
	}
}

// kept is a log that is kept.
type kept struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (k *kept) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.Write(b)
}

// check looks for what must not be in a log: names, texts, links, keys of spools, ids of boxes.
func (k *kept) check(t *testing.T, w *network, feed string) {
	secrets := []string{"canary", feed}
	w.mu.Lock()
	for _, key := range w.keys {
		secrets = append(secrets, hex.EncodeToString(key[:]))
	}
	for _, id := range w.boxes {
		secrets = append(secrets, hex.EncodeToString(id[:]), string(id[:8]))
	}
	w.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !strings.Contains(k.text.String(), "connected") || len(secrets) < 20 {
		t.Errorf("the control: %d bytes of log, %d secrets", k.text.Len(), len(secrets))
	}
	for _, s := range secrets {
		if strings.Contains(k.text.String(), s) {
			t.Errorf("the log shows %.20q", s)
		}
	}
}

// TestWrongClock shows a client a network that has not begun.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(26 * 365 * 24 * time.Hour)
		later := *crashGenesis(t)
		later.Start = time.Now().Add(1000 * time.Hour)
		if err := client.Create(home, client.Init{Name: "Ada", Genesis: &later}); err != nil {
			t.Fatal(err)
		}
		c, err := client.New(client.Config{Home: home, Transport: link.NewFabric().Transport})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = c.Run(t.Context())
		if !errors.Is(err, connection.ErrClock) || strings.Count(err.Error(), "202") < 2 ||
			strings.Contains(err.Error(), "set the clock") || // it is the hint
			time.Since(began) > time.Minute {
			t.Errorf("a clock before the network's start: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
