package world

import (
	"fmt"
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
