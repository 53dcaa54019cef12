package world_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/long"
	"murmuration/sim/world"
)

// society is people who all know each other, each with a circle of all others, where p2 denies a
// quarter of what it is asked for.
type society struct {
	t      *testing.T
	w      *world.World
	names  []string
	homes  map[string]citizen // that are in use, by their line
	posted map[string][]string
	told   map[[2]string][]string // by who said it to whom
}

func newSociety(t *testing.T, seed uint64, names ...string) *society {
	t.Helper()
	_, every := realDay(0, 80*time.Second) // what is late waits for 450 slots
	network, err := world.ParseNetwork("[" + strings.Join(names, " ") +
		" ada2 dot2] -> [p1 p2 p3] -> m1 -> m2 -> m3 -> p1")
	check(t, err)
	w, err := world.New(world.Config{
		Seed: seed, Null: true, Parameters: sociable(every), Link: -1,
		Network: network, Turn: 10 * time.Minute,
	})
	check(t, err)
	s := &society{
		t: t, w: w, names: names, homes: map[string]citizen{},
		posted: map[string][]string{}, told: map[[2]string][]string{},
	}
	for _, name := range s.names {
		s.homes[name] = live(t, w.Person(name))
	}
	for i, a := range s.names {
		for _, b := range s.names[i+1:] {
			check(t, s.homes[a].Invite(s.homes[b].Life))
		}
	}
	s.run(10 * time.Hour)
	for _, a := range s.names {
		var others []string
		for _, b := range s.names {
			if a != b {
				others = append(others, b)
			}
		}
		check(t, s.homes[a].Gather("of-"+a, others...))
	}
	n := 0
	w.Node("p2").Holder().Lie(func(r box.Request, honest func() box.Reply) box.Reply {
		if n++; r.Op == box.OpFetch && n%4 == 0 {
			return r.Refusal(box.StatusNotFound)
		}
		return honest()
	})
	s.run(4 * time.Hour)
	return s
}

func (s *society) run(d time.Duration) {
	s.t.Helper()
	check(s.t, s.w.Run(d))
}

// adopt has a home of somebody in use, as that of a line.
func (s *society) adopt(line string, l *world.Life, err error) {
	s.t.Helper()
	check(s.t, err)
	s.homes[line] = citizen{l, s.t, s.w.Person(line)}
}

// post shares something in somebody's own circle, from one of their homes.
func (s *society) post(line, author, text string) {
	s.t.Helper()
	_, err := s.homes[line].Share("of-"+author, text, nil)
	check(s.t, err)
	s.posted[author] = append(s.posted[author], text)
}

func (s *society) tell(line, from, to, text string) {
	s.t.Helper()
	check(s.t, s.homes[line].Tell(to, text))
	s.told[[2]string{from, to}] = append(s.told[[2]string{from, to}], text)
}

// day has everybody post once and write to their neighbour, but those who are away.
func (s *society) day(n int, length time.Duration, lines map[string]string) {
	s.t.Helper()
	for i, name := range s.names {
		line := lines[name]
		if line == "" {
			line = name
		}
		if line != "away" {
			next := s.names[(i+1+n%(len(s.names)-1))%len(s.names)]
			s.post(line, name, fmt.Sprintf("%s on day %d", name, n))
			s.tell(line, name, next, fmt.Sprintf("%s to %s on day %d", name, next, n))
		}
		s.run(length / time.Duration(len(s.names)))
	}
}

// person is whose home a line has.
func person(line string) string { return strings.TrimSuffix(line, "2") }

// amiss is what is not as it should be with what somebody has of what was said: each once, and in
// order.
func amiss(want, got []string) (faults []string) {
	seen := map[string]int{}
	for _, text := range got {
		seen[text]++
	}
	for _, text := range want {
		if seen[text] != 1 {
			faults = append(faults, fmt.Sprintf("%q is there %d times", text, seen[text]))
		}
	}
	for text := range seen {
		if !slices.Contains(want, text) {
			faults = append(faults, fmt.Sprintf("%q was never said", text))
		}
	}
	if len(faults) == 0 && !slices.Equal(want, got) {
		faults = append(faults, fmt.Sprintf("the order is %q, not %q", got, want))
	}
	return faults
}

// said is what a home shows of the messages that one said to the other, in their order.
func (s *society) said(line, from, to string) (texts []string) {
	s.t.Helper()
	c, with := s.homes[line], to
	if person(line) == to {
		with = from
	}
	id, err := c.Contact(with)
	check(s.t, err)
	all, err := c.Messages.Last(id, 1000)
	check(s.t, err)
	for _, m := range all {
		if m.Own == (person(line) == from) {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// shared is what a home shows of what somebody posted in their circle.
func (s *society) shared(line, author string) (texts []string) {
	s.t.Helper()
	all, err := s.homes[line].Timeline(s.w.Now(), 1<<20)
	check(s.t, err)
	for _, p := range slices.Backward(all) {
		if p.Circle == "of-"+author {
			texts = append(texts, p.Text)
		}
	}
	return texts
}

// TestFivePeopleInCircles: every post is there once, in the order of its author, at every home of
// every reader, and every message at both sides: with one away for days, one behind a bad link, Ada
// with two computers, Dot restored from a backup of before, and a lying holder. (It is five people
// and a week with `just days`, else three, of whom Bob is away, and Dot has the bad link.)
func TestFivePeopleInCircles(t *testing.T) {
	long.Only(t)
	t.Parallel()
	length, _ := realDay(8*time.Hour, 0)
	names, absent, away := []string{"ada", "bob", "dot"}, "bob", 3
	if length == 24*time.Hour {
		names, absent, away = []string{"ada", "bob", "cid", "dot", "eve"}, "cid", 7
	}
	s := newSociety(t, 1, names...)
	bad := map[bool]string{true: "dot2", false: "bob"}[absent == "bob"]
	s.w.Person(bad).Lose(0.2)
	second, err := s.homes["ada"].Link(s.w.Person("ada2"))
	s.adopt("ada2", second, err)
	s.run(12 * time.Hour)
	lines := map[string]string{}
	s.day(0, length, lines)
	file, err := s.homes["dot"].Backup()
	check(t, err)
	s.w.Person("dot").Leave() // for good
	delete(s.homes, "dot")
	s.w.Person(absent).Leave()
	lines["dot"], lines[absent] = "away", "away"
	for n := 1; n <= away; n++ {
		if n == 3 {
			again, err := s.w.Person("dot2").Restore(file)
			s.adopt("dot2", again, err)
			s.run(2 * length)
			lines["dot"], lines["ada"] = "dot2", "ada2"
		}
		s.day(n, length, lines)
	}
	s.w.Person(absent).Return()
	s.run(2 * length)
	s.day(away+1, length, map[string]string{"dot": "dot2"})
	s.run(6 * length)
	posts, messages := 0, 0
	for _, line := range slices.Sorted(maps.Keys(s.homes)) {
		for _, author := range s.names {
			got := s.shared(line, author)
			posts += len(got)
			for _, fault := range amiss(s.posted[author], got) {
				t.Errorf("%s, of %s: %s", line, author, fault)
			}
			for pair, texts := range s.told {
				if pair[0] != author || pair[0] != person(line) && pair[1] != person(line) {
					continue
				}
				got := s.said(line, pair[0], pair[1])
				messages += len(got)
				for _, fault := range amiss(texts, got) {
					t.Errorf("%s, %s to %s: %s", line, pair[0], pair[1], fault)
				}
			}
		}
	}
	if posts < 3*len(names)*away/2 || messages < 2*len(names)*away/2 { // the control
		t.Errorf("%d posts and %d messages were looked at", posts, messages)
	}
}

// TestAmissIsSeen: what is lost, comes twice, was never said or stands in another place is found.
func TestAmissIsSeen(t *testing.T) {
	said := []string{"one", "two", "three"}
	for _, got := range [][]string{
		{"one", "three"}, {"one", "two", "two", "three"}, {"one", "three", "two"},
		{"one", "two", "three", "four"}, nil,
	} {
		if len(amiss(said, got)) == 0 {
			t.Errorf("%q is taken for what was said", got)
		}
	}
	if faults := amiss(said, said); len(faults) != 0 {
		t.Errorf("what is right is %q", faults)
	}
}
