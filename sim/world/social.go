package world

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"murmuration/client/backup"
	"murmuration/client/circle"
	"murmuration/client/contact"
	"murmuration/client/message"
	"murmuration/client/picture"
	"murmuration/client/post"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
)

// Contact is the relation with somebody whom the person calls by a name.
func (l *Life) Contact(name string) (relation.ID, error) {
	k, err := l.Contacts.Find(name)
	return k.Relation, err
}

// Invite makes an invitation for somebody, who has it at once, as if they sat at one table, and
// accepts it. Each calls the other by the name that they have for themselves. They know each other
// when boxes have gone there and back.
func (l *Life) Invite(other *Life) error {
	if l == other {
		return contact.ErrOwnTicket
	}
	var made contact.Invitation
	err := l.Do(func(now time.Time) (err error) {
		made, err = l.Contacts.Invite(now, contact.Making{Alias: other.name, Days: 12})
		return err
	})
	if err != nil {
		return err
	}
	t, err := ticket.Parse(made.URI())
	if err != nil {
		return err
	}
	return other.Do(func(now time.Time) error {
		seen, err := other.Contacts.Look(now, t)
		if err != nil {
			return err
		}
		_, err = other.Contacts.Accept(now, seen.ID, l.name)
		return err
	})
}

// tellLine tells of what happened with a contact.
func (l *Life) tellLine(of relation.ID, line contact.Line) {
	l.line.w.tell("people", "%s is told of %s: %s", l.line.Name, l.Contacts.Name(of), line.What)
}

// seal opens all backups of a world; trying it costs next to nothing.
var seal = backup.Seal{Passphrase: []byte("sesame"), Work: 1}

// Backup is one of the person's home as it is now.
func (l *Life) Backup() ([]byte, error) {
	var file bytes.Buffer
	head := backup.Head{Version: 1, Name: l.name, Made: l.line.now().Unix()}
	err := l.store.View(func(tx *store.Tx) error { return backup.Write(&file, seal, head, tx) })
	return file.Bytes(), err
}

// Restore gives a person who has no features yet those of whoever made a backup, as another device.
func (p *Person) Restore(file []byte) (*Life, error) { return p.restore(file, nil) }

// Link gives a person who has no features yet those of this one, as a second device that the first
// vouches for.
func (l *Life) Link(to *Person) (*Life, error) {
	if err := to.unborn(); err != nil {
		return nil, err
	}
	var key [32]byte
	err := l.store.Update(func(tx *store.Tx) (err error) {
		key, err = l.Relations.Link(tx, l.line.now())
		return err
	})
	if err != nil {
		return nil, err
	}
	file, err := l.Backup()
	if err != nil {
		return nil, err
	}
	return to.restore(file, &key)
}

// unborn is an error for a person who has features.
func (p *Person) unborn() error {
	if p.life != nil {
		return fmt.Errorf("%s has a home already", p.Name)
	}
	return nil
}

func (p *Person) restore(file []byte, link *[32]byte) (*Life, error) {
	if err := p.unborn(); err != nil {
		return nil, err
	}
	from, err := backup.Open(bytes.NewReader(file), seal.Passphrase)
	if err != nil {
		return nil, err
	}
	home := store.Memory()
	if err := fill(home, from); err != nil {
		return nil, err
	}
	fresh := &Life{name: from.Head.Name, line: p, store: home}
	if err := fresh.load(); err != nil {
		return nil, err
	}
	err = home.Update(func(tx *store.Tx) error {
		if err := fresh.Restored(tx, p.now()); err != nil || link == nil {
			return err
		}
		return fresh.Relations.Linked(tx, p.now(), *link)
	})
	if err != nil {
		return nil, err
	}
	return p.live(from.Head.Name, home)
}

// fill copies what is in a backup.
func fill(home *store.Store, from *backup.Reader) error {
	return home.Update(func(tx *store.Tx) error {
		for {
			r, err := from.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = tx.Copy(r.Bucket, r.Name, r.Value)
			}
			if err != nil {
				return err
			}
		}
	})
}

// Tell sends somebody a message.
func (l *Life) Tell(to, text string) error {
	id, err := l.Contact(to)
	if err != nil {
		return err
	}
	return l.Do(func(now time.Time) error {
		_, err := l.Messages.Send(now, id, message.Draft{Text: text})
		return err
	})
}

// Gather lets contacts into a circle of the person's, which is made if there is none.
func (l *Life) Gather(name string, who ...string) error {
	all, err := l.Circles.List()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(s circle.Shown) bool { return s.Own && s.Name == name }) {
		if err := l.Circles.New(name); err != nil {
			return err
		}
	}
	for _, one := range who {
		id, err := l.Contact(one)
		if err == nil {
			err = l.Do(func(now time.Time) error { return l.Circles.Add(now, name, id) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Dismiss takes somebody out of a circle.
func (l *Life) Dismiss(name, who string) error {
	id, err := l.Contact(who)
	if err != nil {
		return err
	}
	return l.Do(func(now time.Time) error { return l.Circles.Remove(now, name, id) })
}

// Share posts to a circle, with a picture if jpeg is not nil, and gives the post's id.
func (l *Life) Share(name, text string, jpeg []byte) (id string, err error) {
	d := post.Draft{Text: text, Quick: l.Quick}
	if jpeg != nil {
		d.Pictures = []post.Picture{{Picture: picture.Picture{JPEG: jpeg, Width: 1, Height: 1}}}
	}
	err = l.Do(func(now time.Time) error {
		r, err := l.Circles.Post(now, name, d)
		id = r.Post
		return err
	})
	return id, err
}

// Reply answers a post of a circle, through its author.
func (l *Life) Reply(id, text string) error {
	return l.Do(func(now time.Time) error {
		_, err := l.Circles.Reply(now, id, text)
		return err
	})
}

// React says with one emoji what the person feels about a post of a circle.
func (l *Life) React(id, emoji string) error {
	return l.Do(func(now time.Time) error { return l.Circles.React(now, id, emoji) })
}

// last is the id of the newest post of somebody that the person has.
func (l *Life) last(author string) (string, error) {
	posts, err := l.Reads(author)
	if err == nil && len(posts) == 0 {
		err = fmt.Errorf("%s has no post of %s", l.line.Name, author)
	}
	if err != nil {
		return "", err
	}
	return posts[len(posts)-1].ID, nil
}
