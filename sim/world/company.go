package world

import (
	"fmt"
	"strings"
)

// company are the lines about what people do with each other.
type company struct{ named }

// two are the lives of somebody who does something with somebody else.
func (by company) two(one, other string) (*Life, *Life, error) {
	a, err := by.life(one)
	if err != nil {
		return nil, nil, err
	}
	b, err := by.life(other)
	return a, b, err
}

func (by company) invites(words []string) error {
	if len(words) != 3 {
		return usage(".invites")
	}
	a, b, err := by.two(words[0], words[2])
	if err == nil {
		err = a.Invite(b)
	}
	return err
}

func (by company) saves(words []string) error {
	if len(words) != 2 {
		return usage(".saves")
	}
	l, err := by.life(words[0])
	if err == nil {
		l.saved, err = l.Backup()
	}
	return err
}

func (by company) restores(words []string) error {
	if len(words) != 3 {
		return usage(".restores")
	}
	p, err := by.person(words[0])
	if err != nil {
		return err
	}
	l, err := by.life(words[2])
	if err == nil && l.saved == nil {
		err = fmt.Errorf("%s has saved nothing", words[2])
	}
	if err == nil {
		_, err = p.Restore(l.saved)
	}
	return err
}

func (by company) links(words []string) error {
	if len(words) != 3 {
		return usage(".links")
	}
	l, err := by.life(words[0])
	if err != nil {
		return err
	}
	p, err := by.person(words[2])
	if err == nil {
		_, err = l.Link(p)
	}
	return err
}

func (by company) tells(words []string) error {
	if len(words) < 4 {
		return usage(".tells")
	}
	l, err := by.life(words[0])
	if err == nil {
		err = l.Tell(words[2], strings.Join(words[3:], " "))
	}
	return err
}

func (by company) gathers(words []string) error {
	if len(words) < 3 {
		return usage(".gathers")
	}
	l, err := by.life(words[0])
	if err == nil {
		err = l.Gather(words[2], words[3:]...)
	}
	return err
}

func (by company) dismisses(words []string) error {
	if len(words) != 4 {
		return usage(".dismisses")
	}
	l, err := by.life(words[0])
	if err == nil {
		err = l.Dismiss(words[2], words[3])
	}
	return err
}

func (by company) shares(words []string) error {
	if len(words) < 4 {
		return usage(".shares")
	}
	l, err := by.life(words[0])
	if err == nil {
		_, err = l.Share(words[2], strings.Join(words[3:], " "), nil)
	}
	return err
}

// replies and reacts are about the last post of somebody.
func (by company) replies(words []string) error {
	return by.answer(words, ".replies", (*Life).Reply)
}

func (by company) reacts(words []string) error {
	return by.answer(words, ".reacts", (*Life).React)
}

func (by company) answer(
	words []string, verb string, with func(l *Life, id, said string) error,
) error {
	if len(words) < 4 {
		return usage(verb)
	}
	l, err := by.life(words[0])
	if err != nil {
		return err
	}
	id, err := l.last(words[2])
	if err == nil {
		err = with(l, id, strings.Join(words[3:], " "))
	}
	return err
}
