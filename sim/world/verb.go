package world

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"murmuration/internal/box"
)

// draft is a world before its network is drawn, for the lines that come first.
type draft Config

func (d *draft) seed(words []string) (err error) {
	if len(words) != 2 {
		return usage("seed")
	}
	d.Seed, err = strconv.ParseUint(words[1], 10, 64)
	return err
}

func (d *draft) packets(words []string) error {
	if len(words) != 2 || words[1] != "null" && words[1] != "real" {
		return usage("packets")
	}
	d.Null = words[1] == "null"
	return nil
}

func (d *draft) set(words []string) error { return set(&d.Parameters, words[1:]) }

func (d *draft) links(words []string) (err error) {
	if len(words) != 2 && (len(words) != 4 || words[2] != "people") {
		return usage("links")
	}
	nodes, people := d.Link, d.ClientLink
	if err = read(&nodes, words[1]); err == nil && len(words) == 4 {
		err = read(&people, words[3])
	}
	if err != nil || nodes < 0 || people < 0 {
		return usage("links")
	}
	if nodes == 0 {
		nodes = -1
	}
	d.Link, d.ClientLink = nodes, people
	return nil
}

func (d *draft) turns(words []string) error {
	if len(words) != 2 || read(&d.Turn, words[1]) != nil || d.Turn <= 0 {
		return usage("turns")
	}
	return nil
}

func (d *draft) authorities(words []string) error {
	var n int
	if len(words) != 2 || read(&n, words[1]) != nil || n < 1 {
		return usage("authorities")
	}
	d.Authorities = n
	return nil
}

// named finds those whom lines name.
type named struct{ w *World }

func (by named) person(name string) (*Person, error) {
	if p := by.w.Person(name); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("there is nobody called %s", name)
}

func (by named) node(name string) (*Node, error) {
	if n := by.w.Node(name); n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("there is no node called %s", name)
}

func (by named) providerNode(name string) (*Node, error) {
	n, err := by.node(name)
	if err == nil && n.holder == nil {
		err = fmt.Errorf("%s is no provider", name)
	}
	return n, err
}

// life is what somebody does; it begins with the first line that needs it.
func (by named) life(name string) (*Life, error) {
	p, err := by.person(name)
	if err != nil {
		return nil, err
	}
	return p.Live()
}

// lives are the lines about people.
type lives struct{ named }

func (by lives) joins(words []string) error {
	if len(words) != 3 {
		return usage(".joins")
	}
	if kindOf(words[:1]) != somebody || !anyName.MatchString(words[0]) {
		return fmt.Errorf("%q is no name of a person", words[0])
	}
	_, err := by.w.join(words[0], words[2])
	return err
}

func (by lives) posts(words []string) error {
	if len(words) < 3 {
		return usage(".posts")
	}
	l, err := by.life(words[0])
	if err == nil {
		_, err = l.Say(strings.Join(words[2:], " "), nil)
	}
	return err
}

func (by lives) follows(words []string) error {
	if len(words) != 3 {
		return usage(".follows")
	}
	reader, err := by.life(words[0])
	if err != nil {
		return err
	}
	author, err := by.life(words[2])
	if err == nil {
		err = reader.Follow(author)
	}
	return err
}

func (by lives) leaves(words []string) error {
	if len(words) != 2 {
		return usage(".leaves")
	}
	p, err := by.person(words[0])
	if err == nil {
		p.Leave()
	}
	return err
}

// maxPicture is above what a client takes as a photo, in bytes.
const maxPicture = 1 << 20

func (by lives) shows(words []string) error {
	if len(words) < 4 {
		return usage(".shows")
	}
	l, err := by.life(words[0])
	if err != nil {
		return err
	}
	size, err := strconv.Atoi(words[2])
	if err != nil || size < 1 || size > maxPicture {
		return usage(".shows")
	}
	jpeg := make([]byte, size)
	by.w.seeds.source("picture", strings.Join(words, " ")).Read(jpeg)
	_, err = l.Say(strings.Join(words[3:], " "), jpeg)
	return err
}

func (by lives) fetches(words []string) error {
	if len(words) != 3 {
		return usage(".fetches")
	}
	if _, err := by.person(words[2]); err != nil {
		return err
	}
	l, err := by.life(words[0])
	if err == nil {
		err = l.Await(words[2])
	}
	return err
}

func (by lives) restarts(words []string) error {
	if len(words) != 2 {
		return usage(".restarts")
	}
	l, err := by.life(words[0])
	if err == nil {
		err = l.Restart()
	}
	return err
}

func (by lives) returns(words []string) error {
	if len(words) != 2 {
		return usage(".returns")
	}
	p, err := by.person(words[0])
	if err == nil {
		p.Return()
	}
	return err
}

// harms are the lines that break things, and mend them.
type harms struct{ named }

func (by harms) lose(words []string) error {
	var share float64
	if len(words) < 2 || read(&share, strings.TrimSuffix(words[1], "%")) != nil ||
		!strings.HasSuffix(words[1], "%") || !(share >= 0 && share <= 100) {
		return usage("lose")
	}
	share /= 100
	switch {
	case len(words) == 2:
		by.w.Links.LoseAll(share)
		return nil
	case len(words) == 4 && words[2] == "of":
		p, err := by.person(words[3])
		if err == nil {
			p.Lose(share)
		}
		return err
	case len(words) == 5 && words[2] == "between":
		a, err := by.node(words[3])
		if err != nil {
			return err
		}
		b, err := by.node(words[4])
		if err == nil {
			by.w.Links.lose(a, b, share)
		}
		return err
	}
	return usage("lose")
}

func (by harms) part(words []string) error {
	if len(words) < 2 {
		return usage("part")
	}
	var side []*Node
	for _, name := range words[1:] {
		n, err := by.node(name)
		if err != nil {
			return err
		}
		side = append(side, n)
	}
	by.w.Links.Part(side...)
	return nil
}

func (by harms) heal(words []string) error {
	if len(words) != 1 {
		return usage("heal")
	}
	by.w.Links.Heal()
	return nil
}

func (by harms) crashes(words []string) error {
	rest := strings.Join(words[2:], " ")
	if rest != "" && rest != "without its disk" {
		return usage(".crashes")
	}
	n, err := by.node(words[0])
	if err == nil && !n.up {
		err = fmt.Errorf("crashing %s: it is down", n.Name)
	}
	if err == nil {
		n.Crash(rest == "")
	}
	return err
}

func (by harms) starts(words []string) error {
	if len(words) != 2 {
		return usage(".starts")
	}
	n, err := by.node(words[0])
	if err != nil {
		return err
	}
	return n.Start()
}

func (by harms) is(words []string) error {
	if len(words) != 3 || words[2] != "full" && words[2] != "roomy" {
		return usage(".is")
	}
	n, err := by.providerNode(words[0])
	if err == nil {
		n.holder.Fill(words[2] == "full")
	}
	return err
}

func (by harms) answers(words []string) error {
	said := strings.Join(words[2:], " ")
	n, err := by.providerNode(words[0])
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

func (by harms) clock(words []string) error {
	var d time.Duration
	if len(words) != 3 || read(&d, words[2]) != nil {
		return usage(".clock")
	}
	if p := by.w.Person(words[0]); p != nil {
		p.SetClock(d)
		return nil
	}
	n, err := by.node(words[0])
	if err == nil {
		n.SetClock(d)
	}
	return err
}

func (by harms) falls(words []string) error {
	if len(words) != 3 || words[2] != "silent" {
		return usage(".falls")
	}
	n, err := by.node(words[0])
	if err == nil && n.Authority() == nil {
		err = fmt.Errorf("%s is no authority", words[0])
	}
	if err == nil {
		n.Authority().Mute()
	}
	return err
}
