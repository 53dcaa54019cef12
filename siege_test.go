package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"murmuration/client/api"
	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/long"
	"murmuration/internal/sphinx"
)

// What the besieged do.
const (
	besieged     = 6
	siegeFollows = 2
	siegePosts   = 4 * time.Second  // mean time between two posts
	newcomersIn  = 15 * time.Second // between two newcomers
	mostNewcomer = 8
	// getIn is how long a newcomer may take.
	getIn = time.Minute
)

// TestSiege founds a private network of real processes and attacks all of its providers at once,
// for as long as MURMUR_SIEGE says: throwaway keys that take places, half-open and silent links,
// clients that never acknowledge, and floods of writes. Of what honest people post 99 in 100 must
// be read, nothing that was acknowledged may be lost, and newcomers get in within a minute.
func TestSiege(t *testing.T) {
	span := long.Time(t, "MURMUR_SIEGE")
	if span == 0 {
		t.Skip("takes minutes: just siege (MURMUR_SIEGE=3m)")
	}
	perMinute := long.Count(t, "MURMUR_SIEGE_WRITES", 0, 60)
	s := &siege{forty: newForty(t)}
	if perMinute > 0 {
		s.writesEvery = time.Minute / time.Duration(perMinute)
	}
	s.found(t)
	s.gather(t)
	s.besiege(t)
	s.hold(t, span)
	s.report(t)
}

// siege is the network, its people, and what the besiegers counted.
type siege struct {
	*forty
	genesis *directory.Genesis
	params  *sphinx.Params
	// between two writes of a flooder; 0 for none
	writesEvery time.Duration
	late        []time.Duration // of newcomers, until they were in

	squats, full, silent, halfOpen, sitters, chats, frames, writes, cut atomic.Int64
}

// gather has honest people join before the siege.
func (s *siege) gather(t *testing.T) {
	t.Helper()
	links := make([]string, besieged)
	for i := range besieged {
		s.join(t, fmt.Sprint("person", i))
		s.await(t, func() (err error) {
			links[i], err = s.daemons[i].Publish(t.Context())
			return err
		})
	}
	for i, d := range s.daemons {
		for j := range siegeFollows {
			other := (i + j + 1) % besieged
			if err := d.Follow(t.Context(), links[other], fmt.Sprint("person", other)); err != nil {
				t.Fatal(err)
			}
		}
		s.await(t, func() error { return connected(t.Context(), d) })
	}
}

func (s *siege) join(t *testing.T, name string) *api.Client {
	t.Helper()
	s.run(t, "init", "--home", name, "--network", "net/genesis", "--name", name, "--no-passphrase")
	s.start(t, name+"-daemon", "daemon", "run", "--home", name)
	d := api.Dial(filepath.Join(s.dir, name, "api.sock"))
	s.daemons = append(s.daemons, d)
	return d
}

// connected says whether a person is in: linked, and something came back through the mixes.
func connected(ctx context.Context, d *api.Client) error {
	s, err := d.Status(ctx)
	if err == nil && (!s.Connected || s.LastReply.IsZero()) {
		err = fmt.Errorf("not in: %v", s.Trouble)
	}
	return err
}

// hold has people post, and newcomers come, while the siege lasts.
func (s *siege) hold(t *testing.T, long time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	newcomer := time.NewTicker(newcomersIn)
	defer newcomer.Stop()
	for n := 0; ctx.Err() == nil; {
		select {
		case <-ctx.Done():
		case <-newcomer.C:
			if len(s.late) < mostNewcomer {
				s.receive(t, fmt.Sprint("newcomer", len(s.late)))
			}
		case <-time.After(time.Duration(s.rng.ExpFloat64() * float64(siegePosts))):
			who, text := s.rng.IntN(besieged), fmt.Sprint("post ", n)
			n++
			s.posted[text], s.author[text] = time.Now(), who
			if _, err := s.daemons[who].Post(t.Context(), api.Draft{Text: text}); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d posts and %d newcomers in %v; waiting for the last", len(s.posted), len(s.late),
		long)
	for end := time.Now().Add(patience); time.Now().Before(end); pause(t.Context(), 2*time.Second) {
		if _, missing := s.readings(t); missing == 0 {
			return
		}
	}
}

// receive has somebody new come, and waits until they are in.
func (s *siege) receive(t *testing.T, name string) {
	t.Helper()
	began, d := time.Now(), s.join(t, name)
	for time.Since(began) < 2*getIn {
		if connected(t.Context(), d) == nil {
			break
		}
		pause(t.Context(), 100*time.Millisecond)
	}
	s.late = append(s.late, time.Since(began))
}

// readings are how many posts were read, of those that must be.
func (s *siege) readings(t *testing.T) (read, missing int) {
	t.Helper()
	for _, d := range s.daemons[:besieged] {
		posts, err := d.Timeline(t.Context(), 4*len(s.posted)+1)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range posts {
			if _, ok := s.posted[p.Text]; ok && !p.Own {
				read++
			}
		}
	}
	return read, siegeFollows*len(s.posted) - read
}

// unacknowledged is how many boxes still wait in outboxes.
func (s *siege) unacknowledged(t *testing.T) (n int) {
	t.Helper()
	for _, d := range s.daemons[:besieged] {
		status, err := d.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += status.Waiting
	}
	return n
}

func (s *siege) report(t *testing.T) {
	t.Helper()
	counted.Say(t, "siege", "besiegers: %d places taken by throwaway keys, %d told full, "+
		"%d silent links, %d silent questioners, %d half-open, %d frames of noise, "+
		"%d of flooders with %d writes, "+
		"%d floods cut",
		s.squats.Load(), s.full.Load(), s.silent.Load(), s.sitters.Load(), s.halfOpen.Load(),
		s.chats.Load(), s.frames.Load(), s.writes.Load(), s.cut.Load())
	read, missing := s.readings(t)
	waiting := s.unacknowledged(t)
	counted.Say(t, "siege", "besieged: %d posts, %d of %d readings, %d boxes not acknowledged yet",
		len(s.posted), read, read+missing, waiting)
	if read == 0 || read*100 < 99*(read+missing) {
		t.Errorf("only %d of %d readings", read, read+missing)
	}
	if missing > 0 && waiting == 0 {
		t.Errorf("%d readings are missing of boxes that were acknowledged", missing)
	}
	for _, n := range []*atomic.Int64{&s.squats, &s.silent, &s.halfOpen, &s.sitters, &s.chats,
		&s.frames, &s.writes} {
		if n.Load() == 0 && (n != &s.writes || s.writesEvery > 0) {
			t.Error("control: one of the attacks did not happen")
		}
	}
	if len(s.late) == 0 {
		t.Fatal("nobody came")
	}
	slices.Sort(s.late)
	counted.Say(t, "siege", "newcomers: %d, half in within %v, the last within %v", len(s.late),
		s.late[len(s.late)/2].Round(time.Millisecond),
		s.late[len(s.late)-1].Round(time.Millisecond))
	if last := s.late[len(s.late)-1]; last > getIn {
		t.Errorf("a newcomer got in after %v", last)
	}
}
