package world_test

import (
	"testing"
	"time"

	"murmuration/client/contact"
	"murmuration/client/message"
	"murmuration/client/outbox"
	"murmuration/client/picture"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/sim/world"
)

// scene is a day and a half of five people, who do everything that people do with each other, or
// nothing at all.
type scene struct {
	*onlookers
	t     *testing.T
	w     *world.World
	homes map[string]citizen
}

// margin is the time before an end within which a box may still wait to be asked for.
const margin = 6 * time.Hour

// lookOn is a scene at its end; bare people write no cover.
func lookOn(t *testing.T, talk, bare bool) *onlookers {
	t.Helper()
	network, err := world.ParseNetwork(
		"[ada bob cid dot eve ada2 dot2] -> [p1 p2 p3] -> m1 -> m2 -> m3 -> p1",
	)
	check(t, err)
	s := &scene{t: t, homes: map[string]citizen{}, onlookers: &onlookers{
		people: 6, ops: map[box.Op]int{}, written: map[box.Entry]time.Time{},
		fetched: map[string]map[box.Entry]int{}, since: map[string]time.Time{},
		until: map[string]time.Time{}, class: map[box.Entry]string{},
	}}
	p := sociable(150 * time.Second)
	p.WritesPerDay = 54
	s.w, err = world.New(world.Config{
		Seed: 5, Null: true, Parameters: p, Link: -1, Network: network, Turn: 5 * time.Minute,
		Tap: s.onlookers, NoCover: bare,
	})
	check(t, err)
	s.watch(network.Providers)
	for _, name := range []string{"ada", "bob", "cid", "dot", "eve"} {
		s.comes(name, live(t, s.w.Person(name)).Life, nil)
	}
	for _, step := range s.steps() {
		step(talk)
		check(t, s.w.Run(3*time.Hour))
	}
	if talk {
		s.listen()
		s.classify()
	}
	s.end = s.w.Now()
	return s.onlookers
}

// watch looks at what holders are asked for.
func (s *scene) watch(providers []string) {
	for _, name := range providers {
		s.w.Node(name).Holder().Watch(func(r world.Request) {
			s.ops[r.Op]++
			e := box.EntryOf(r.ID)
			if r.Op == box.OpWrite && s.written[e].IsZero() {
				s.written[e] = s.w.Now()
			}
			if r.Op == box.OpTombstone {
				s.emptied = append(s.emptied, r)
			}
		})
	}
}

// comes is somebody on a computer from now on.
func (s *scene) comes(line string, l *world.Life, err error) {
	s.t.Helper()
	check(s.t, err)
	p, mine := s.w.Person(line), map[box.Entry]int{}
	s.homes[line], s.fetched[line], s.since[line] = citizen{l, s.t, p}, mine, s.w.Now()
	p.Sent = func(sent sender.Sent) {
		if sent.Fetch != nil && sent.Fetch.Op == box.OpFetch {
			mine[sent.Fetch.Key.Entry]++
		}
	}
}

// steps are what happens, so long apart, to who talks and to who does not.
func (s *scene) steps() []func(talk bool) {
	t := s.t
	of := func(name string) citizen { return s.homes[name] }
	talking := func(act func()) func(bool) {
		return func(talk bool) {
			if talk {
				act()
			}
		}
	}
	return []func(bool){
		func(bool) {}, // the oldest boxes are asked for whenever somebody wants one that is old
		talking(func() {
			for _, name := range []string{"bob", "cid", "dot"} {
				check(t, of("ada").Invite(of(name).Life))
			}
			for _, f := range [][2]string{{"eve", "bob"}, {"bob", "cid"}, {"dot", "eve"}} {
				check(t, of(f[0]).Follow(of(f[1]).Life))
			}
		}),
		talking(func() {
			check(t, of("ada").Gather("flock", "bob", "cid", "dot"))
			check(t, of("bob").Tell("ada", "hello"))
			_, err := of("bob").Say("for all", nil)
			check(t, err)
			s.revoke("ada")
		}),
		talking(func() {
			_, err := of("ada").Share("flock", "from below", noise(3000))
			check(t, err)
			s.sendPhoto("ada", "bob")
		}),
		talking(func() {
			for _, p := range of("cid").posts("ada") {
				check(t, of("cid").Reply(p.ID, "what a sight"))
				check(t, of("cid").React(p.ID, "👍"))
			}
		}),
		func(talk bool) {
			if !talk {
				s.comes("ada2", live(t, s.w.Person("ada2")).Life, nil)
				return
			}
			second, err := of("ada").Link(s.w.Person("ada2"))
			s.comes("ada2", second, err)
			check(t, of("ada").Dismiss("flock", "cid"))
		},
		func(talk bool) {
			s.until["dot"] = s.w.Now()
			of("dot").line.Leave()
			if !talk {
				s.comes("dot2", live(t, s.w.Person("dot2")).Life, nil)
				return
			}
			file, err := of("dot").Backup()
			check(t, err)
			again, err := s.w.Person("dot2").Restore(file)
			s.comes("dot2", again, err)
		},
		talking(func() {
			id, err := of("ada").Share("flock", "without cid", nil)
			check(t, err)
			check(t, of("ada").Do(func(now time.Time) error {
				return of("ada").Circles.Delete(now, id)
			}))
			s.unsay("bob", "ada")
			_, err = of("bob").Say("for all, again", noise(2000))
			check(t, err)
			check(t, of("ada2").Tell("bob", "from elsewhere"))
		}),
		func(bool) {}, func(bool) {},
	}
}

// revoke is an invitation that is taken back when its card is there.
func (s *scene) revoke(who string) {
	s.t.Helper()
	c := s.homes[who]
	check(s.t, c.Do(func(now time.Time) error {
		made, err := c.Contacts.Invite(now, contact.Making{Days: 3})
		s.w.After(time.Hour, func() {
			check(s.t, c.Do(func(now time.Time) error { return c.Contacts.Revoke(now, made.ID) }))
		})
		return err
	}))
}

func (s *scene) sendPhoto(from, to string) {
	s.t.Helper()
	c := s.homes[from]
	id, err := c.Contact(to)
	check(s.t, err)
	check(s.t, c.Do(func(now time.Time) error {
		_, err := c.Messages.Send(now, id, message.Draft{
			Text: "look", Picture: &picture.Picture{JPEG: noise(2000), Width: 1, Height: 1},
		})
		return err
	}))
}

// unsay takes the first message back that one has sent to the other.
func (s *scene) unsay(from, to string) {
	s.t.Helper()
	c := s.homes[from]
	id, err := c.Contact(to)
	check(s.t, err)
	all, err := c.Messages.Last(id, 100)
	check(s.t, err)
	for _, m := range all {
		if m.Own {
			check(s.t, c.Do(func(now time.Time) error {
				return c.Messages.Delete(now, m.ID)
			}))
			return
		}
	}
	s.t.Errorf("%s has said nothing to %s", from, to)
}

// listen counts what came to people.
func (s *scene) listen() {
	for _, c := range s.homes {
		posts, err := c.Timeline(s.w.Now(), 100)
		check(s.t, err)
		for _, p := range posts {
			if !p.Own {
				s.said++
			}
		}
		for _, k := range c.Contacts.List() {
			all, err := c.Messages.Last(k.Relation, 100)
			check(s.t, err)
			for _, m := range all {
				if !m.Own {
					s.said++
				}
			}
		}
	}
}

// classify looks into people's homes for what each box was.
func (s *scene) classify() {
	for _, c := range s.homes {
		check(s.t, c.View(func(tx *store.Tx) error {
			for _, bucket := range []string{"boxes", "sent"} {
				err := store.Each(tx, bucket, func(_ string, b outbox.Box) error {
					s.class[box.EntryOf(b.Sealed.ID)] = classOf(b.Entry)
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
}
