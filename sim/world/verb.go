package world

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"murmuration/internal/box"
)

// The lines about people, and those that break things.

func (s *Script) lose(words []string) error {
	var share float64
	if len(words) < 2 || read(&share, strings.TrimSuffix(words[1], "%")) != nil ||
		!strings.HasSuffix(words[1], "%") || !(share >= 0 && share <= 100) {
		return usage("lose")
	}
	share /= 100
	switch {
	case len(words) == 2:
		s.world.Links.LoseAll(share)
		return nil
	case len(words) == 4 && words[2] == "of":
		p, err := s.person(words[3])
		if err == nil {
			p.Lose(share)
		}
		return err
	case len(words) == 5 && words[2] == "between":
		a, err := s.node(words[3])
		if err != nil {
			return err
		}
		b, err := s.node(words[4])
		if err == nil {
			s.world.Links.lose(a, b, share)
		}
		return err
	}
	return usage("lose")
}

func (s *Script) part(words []string) error {
	if len(words) < 2 {
		return usage("part")
	}
	var side []*Node
	for _, name := range words[1:] {
		n, err := s.node(name)
		if err != nil {
			return err
		}
		side = append(side, n)
	}
	s.world.Links.Part(side...)
	return nil
}

func (s *Script) heal(words []string) error {
	if len(words) != 1 {
		return usage("heal")
	}
	s.world.Links.Heal()
	return nil
}

func (s *Script) person(name string) (*Person, error) {
	if p := s.world.Person(name); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("there is nobody called %s", name)
}

func (s *Script) node(name string) (*Node, error) {
	if n := s.world.Node(name); n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("there is no node called %s", name)
}

func (s *Script) providerNode(name string) (*Node, error) {
	n, err := s.node(name)
	if err == nil && n.holder == nil {
		err = fmt.Errorf("%s is no provider", name)
	}
	return n, err
}

func (s *Script) joins(words []string) error {
	if len(words) != 3 {
		return usage(".joins")
	}
	if kindOf(words[:1]) != somebody || !anyName.MatchString(words[0]) {
		return fmt.Errorf("%q is no name of a person", words[0])
	}
	_, err := s.world.join(words[0], words[2])
	return err
}

func (s *Script) posts(words []string) error {
	if len(words) < 3 {
		return usage(".posts")
	}
	l, err := s.life(words[0])
	if err == nil {
		_, err = l.Say(strings.Join(words[2:], " "), nil)
	}
	return err
}

func (s *Script) follows(words []string) error {
	if len(words) != 3 {
		return usage(".follows")
	}
	reader, err := s.life(words[0])
	if err != nil {
		return err
	}
	author, err := s.life(words[2])
	if err == nil {
		err = reader.Follow(author)
	}
	return err
}

func (s *Script) leaves(words []string) error {
	if len(words) != 2 {
		return usage(".leaves")
	}
	p, err := s.person(words[0])
	if err == nil {
		p.Leave()
	}
	return err
}

func (s *Script) returns(words []string) error {
	if len(words) != 2 {
		return usage(".returns")
	}
	p, err := s.person(words[0])
	if err == nil {
		p.Return()
	}
	return err
}

func (s *Script) crashes(words []string) error {
	rest := strings.Join(words[2:], " ")
	if rest != "" && rest != "without its disk" {
		return usage(".crashes")
	}
	n, err := s.node(words[0])
	if err == nil && !n.up {
		err = fmt.Errorf("crashing %s: it is down", n.Name)
	}
	if err == nil {
		n.Crash(rest == "")
	}
	return err
}

func (s *Script) starts(words []string) error {
	if len(words) != 2 {
		return usage(".starts")
	}
	n, err := s.node(words[0])
	if err != nil {
		return err
	}
	return n.Start()
}

func (s *Script) is(words []string) error {
	if len(words) != 3 || words[2] != "full" && words[2] != "roomy" {
		return usage(".is")
	}
	n, err := s.providerNode(words[0])
	if err == nil {
		n.holder.Fill(words[2] == "full")
	}
	return err
}

func (s *Script) answers(words []string) error {
	said := strings.Join(words[2:], " ")
	n, err := s.providerNode(words[0])
	if err != nil {
		return err
	}
	if said == "honestly" {
		n.holder.Lie(nil)
		return nil
	}
	for status := box.Status(0); status < 16; status++ {
		if status.String() == said {
			n.holder.lieWith(status)
			return nil
		}
	}
	return fmt.Errorf("there is no status %q", said)
}

func (s *Script) clock(words []string) error {
	var d time.Duration
	if len(words) != 3 || read(&d, words[2]) != nil {
		return usage(".clock")
	}
	if p := s.world.Person(words[0]); p != nil {
		p.setClock(d)
		return nil
	}
	n, err := s.node(words[0])
	if err == nil {
		n.SetClock(d)
	}
	return err
}

func (s *Script) falls(words []string) error {
	if len(words) != 3 || words[2] != "silent" {
		return usage(".falls")
	}
	n, err := s.node(words[0])
	if err == nil && n.Authority() == nil {
		err = fmt.Errorf("%s is no authority", words[0])
	}
	if err == nil {
		n.Authority().Mute()
	}
	return err
}

// life is what somebody does; it begins with the first line that needs it.
func (s *Script) life(name string) (*Life, error) {
	p, err := s.person(name)
	if err != nil {
		return nil, err
	}
	return p.Live()
}

// maxPicture is above what a client takes as a photo, in bytes.
const maxPicture = 1 << 20

func (s *Script) shows(words []string) error {
	if len(words) < 4 {
		return usage(".shows")
	}
	l, err := s.life(words[0])
	if err != nil {
		return err
	}
	size, err := strconv.Atoi(words[2])
	if err != nil || size < 1 || size > maxPicture {
		return usage(".shows")
	}
	jpeg := make([]byte, size)
	s.world.seeds.source("picture", strings.Join(words, " ")).Read(jpeg)
	_, err = l.Say(strings.Join(words[3:], " "), jpeg)
	return err
}

func (s *Script) fetches(words []string) error {
	if len(words) != 3 {
		return usage(".fetches")
	}
	if _, err := s.person(words[2]); err != nil {
		return err
	}
	l, err := s.life(words[0])
	if err == nil {
		err = l.Fetch(words[2])
	}
	return err
}

func (s *Script) restarts(words []string) error {
	if len(words) != 2 {
		return usage(".restarts")
	}
	l, err := s.life(words[0])
	if err == nil {
		err = l.Restart()
	}
	return err
}
