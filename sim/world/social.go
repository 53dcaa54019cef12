package world

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"murmuration/client/backup"
	"murmuration/client/contact"
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

// View is a look into the person's home.
func (l *Life) View(look func(tx *store.Tx) error) error { return l.store.View(look) }
