package provider

import (
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/directory"
)

// flood is 300 keys that write in every work slot for so long, at one of three providers: the
// longest that a box waited for its other holder, and how many were stored.
func flood(t *testing.T, par directory.Parameters, capped bool,
	length time.Duration) (longest time.Duration, stored int) {
	w := newPress(t, 3)
	p := w.makers[0]
	p.calendar.Every, w.doc.Parameters = par.BulletinEvery, par
	c := newServed(t, 0)
	c.service.Self, c.service.Store = p.id.ID(), p.store
	c.service.Calendar.Genesis = epoch0
	c.service.SetDocument(w.doc)
	if capped {
		c.service.Bulletins = p
	}
	var others []box.Holder
	var all []box.Holder
	for _, q := range w.makers {
		all = append(all, box.Holder(q.id.ID()))
	}
	others = all[1:]
	began := map[box.ID]time.Time{}
	every := time.Duration(float64(time.Second) * 3 / (300 * par.Streams().WorkPerSecond()))
	write, replicate, list := w.at, w.at, w.at.Add(par.BulletinEvery)
	for n, end := uint64(0), w.at.Add(length); w.at.Before(end); {
		switch w.at = earliest(write, replicate, list); w.at {
		case list:
			p.make()
			list = list.Add(par.BulletinEvery)
		case replicate:
			for _, peer := range others {
				waiting, err := p.store.Pending(peer, box.Queued{}, 1)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range waiting {
					longest = max(longest, w.at.Sub(began[e.Box.ID]))
					if err := p.store.Done(peer, e); err != nil {
						t.Fatal(err)
					}
				}
			}
			replicate = replicate.Add(par.ReplicateEvery)
		default:
			n++
			b := boxtest.Box(n, 'f', 64)
			reply, err := c.service.Execute(w.at, box.Request{Op: box.OpWrite, Box: b})
			if err != nil {
				t.Fatal(err)
			}
			if reply.Status == box.StatusStored {
				began[b.ID] = w.at
				stored++
			}
			write = write.Add(every)
		}
	}
	return longest, stored
}

func earliest(first time.Time, more ...time.Time) time.Time {
	for _, t := range more {
		if t.Before(first) {
			first = t
		}
	}
	return first
}

// TestFloodWaitsAtTheDoor: keys that write flat out are answered full before anything is stored, so
// that what is stored is replicated in time. The control stores everything, as long as nothing had
// to be listed: its queue falls behind as long as it lasts.
func TestFloodWaitsAtTheDoor(t *testing.T) {
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	par.Clients, par.WriteTokens = 100, 0
	longest, stored := flood(t, par, true, 12*time.Minute)
	control, all := flood(t, par, false, 12*time.Minute)
	t.Logf("a box waits up to %s of %d; without the cap up to %s of %d", longest, stored, control,
		all)
	if longest > time.Minute || stored == 0 {
		t.Errorf("a box waits %s to be replicated, of %d", longest, stored)
	}
	if control < 5*time.Minute {
		t.Errorf("the control: a box waits %s", control)
	}
}
