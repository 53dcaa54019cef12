package contact

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/relation"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/client/words"
)

// mostDevices bounds those that are remembered of one contact, on both sides.
const mostDevices = 64

// device is one that came since two people have met.
type device struct {
	_   struct{} `cbor:",toarray"`
	ID  session.DeviceID
	Own bool // of this person
	// Doubt: it is theirs, no other one of theirs has vouched for it, and words were not compared
	// since it came.
	Doubt bool
}

// Marked says whether words were compared, and nothing came since that they do not cover.
func (k Contact) Marked() bool {
	return k.Verified != 0 &&
		!slices.ContainsFunc(k.Devices, func(d device) bool { return d.Doubt })
}

// Compared is what four words are made of.
type Compared struct {
	nonce [32]byte
	what  []byte
}

// Compare is what two people compare, by voice or face to face: if the same four words stand at
// both, nobody is between them. They are made of both cards and of a nonce that was promised
// before, and of every device that came since and is not gone: one that came with a backup, and was
// called gone by the device before it, is not among those that the latter knows.
func (c *Contacts) Compare(alias string) (k Contact, what Compared, err error) {
	if k, err = c.Find(alias); err != nil {
		return k, what, err
	}
	what = Compared{k.Meeting.Nonce, bytes.Clone(k.Meeting.Transcript[:])}
	err = c.cfg.Store.View(func(tx *store.Tx) error {
		gone, err := c.cfg.Relations.Gone(tx, k.Relation)
		if err != nil {
			return err
		}
		k.Devices = slices.DeleteFunc(slices.Clone(k.Devices), func(d device) bool {
			return slices.Contains(gone, d.ID)
		})
		self, err := c.cfg.Relations.Self(tx, k.Relation)
		k.add(device{ID: self, Own: true})
		return err
	})
	slices.SortFunc(k.Devices, func(a, b device) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	for _, d := range k.Devices { // both sides know them in an order of their own
		what.what = append(what.what, d.ID[:]...)
	}
	return k, what, err
}

// Disputed is a device of a contact's that another one of theirs contradicts, and what their person
// and this one compare to find whether it is theirs.
type Disputed struct {
	ID    session.DeviceID
	Since time.Time // it is known here
	What  Compared
}

// Disputed are those of a contact; mostly there are none.
func (c *Contacts) Disputed(tx *store.Tx, k Contact) (all []Disputed, err error) {
	others, err := c.cfg.Relations.Others(tx, k.Relation)
	if errors.Is(err, relation.ErrNoRelation) {
		return nil, nil // the contact is over
	}
	for _, o := range others {
		if o.Standing != session.Disputed {
			continue
		}
		d := Disputed{o.ID, o.Since, k.alone(o.ID)}
		if slices.Contains(k.Meeting.Devices, o.ID) {
			d.Since = time.Unix(k.Since, 0).UTC()
		}
		all = append(all, d)
	}
	return all, err
}

// Alone is what is compared of this device: a contact with whom its person's devices are in dispute
// sees the same words at its id, and others at the other ones.
func (c *Contacts) Alone(tx *store.Tx, k Contact) (Compared, error) {
	self, err := c.cfg.Relations.Self(tx, k.Relation)
	return k.alone(self), err
}

// alone is what is compared of one device, whatever others there are.
func (k Contact) alone(id session.DeviceID) Compared {
	what := append(bytes.Clone(k.Meeting.Transcript[:]), "device"...)
	return Compared{k.Meeting.Nonce, append(what, id[:]...)}
}

// Words are the four: 0.1 s of work.
func (w Compared) Words() [4]string { return words.Compare(w.nonce[:], w.what) }

// Verify notes that the person has compared words with a contact, or that they were not the same.
func (c *Contacts) Verify(now time.Time, alias string, same bool) error {
	k, err := c.Find(alias)
	if err != nil {
		return err
	}
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		all, err := c.Disputed(tx, k)
		if err == nil && same && len(all) > 0 {
			err = relation.ErrDisputed
		}
		if err != nil {
			return err
		}
		if !same {
			k.Verified = 0
			err := c.tell(tx, now, &k, "the words were not the same: somebody may be between you")
			return errors.Join(err, c.share(tx, now, k))
		}
		k.Verified = now.Unix()
		k.Devices = slices.Clone(k.Devices)
		for i := range k.Devices {
			k.Devices[i].Doubt = false
		}
		err = c.tell(tx, now, &k, "you compared words: they were the same")
		return errors.Join(err, c.share(tx, now, k))
	})
}

// happened takes an event of a relation: one line, and what it does to the mark.
func (c *Contacts) happened(tx *store.Tx, now time.Time, e relation.Event) error {
	k, ok, err := getContact(tx, e.Relation)
	if err != nil || !ok || k.Gone != 0 {
		return err
	}
	switch e.What {
	case relation.EventDevice:
		if !k.add(device{ID: e.Device, Own: e.Own, Doubt: !e.Own}) {
			return nil // the one that was met
		}
	case relation.EventVouched:
		k.vouched(e.Device)
	case relation.EventDisputed:
		k.Verified = 0
	}
	if line := lineOf(e, now); line != "" {
		return c.tell(tx, now, &k, "%s", line)
	}
	return c.put(tx, k)
}

// add notes a device, and says whether it was not known.
func (k *Contact) add(d device) bool {
	known := slices.ContainsFunc(k.Devices, func(o device) bool { return o.ID == d.ID })
	if known || slices.Contains(k.Meeting.Devices, d.ID) || len(k.Devices) >= mostDevices {
		return false
	}
	k.Devices = append(slices.Clip(k.Devices), d)
	return true
}

func (k *Contact) vouched(id session.DeviceID) {
	k.Devices = slices.Clone(k.Devices)
	for i := range k.Devices {
		if k.Devices[i].ID == id {
			k.Devices[i].Doubt = false
		}
	}
}

// lineOf says an event in one line; empty if there is nothing to tell.
func lineOf(e relation.Event, now time.Time) string {
	day := now.UTC().Format("2006-01-02")
	whose := map[bool]string{true: "yours", false: "theirs"}[e.Own]
	switch e.What {
	case relation.EventDevice:
		switch e.Reason {
		case session.ReasonAnswer:
			return "" // this device knocked
		case session.ReasonRestored:
			return fmt.Sprintf("a backup of %s was restored on %s: compare words anew", whose, day)
		case session.ReasonSecond:
			return fmt.Sprintf("another device of %s came on %s", whose, day)
		}
		return fmt.Sprintf("a device of %s came on %s: compare words anew", whose, day)
	case relation.EventVouched:
		return "one of their devices says that the other one is theirs, too"
	case relation.EventReset:
		if e.Reason == session.ReasonReturned {
			return "" // nothing but an absence
		}
		return fmt.Sprintf("a conversation began anew on %s: something was lost", day)
	case relation.EventRestored:
		return fmt.Sprintf(
			"somebody restored a backup of yours on %s; if it was not you: murmur device revoke "+
				"restored", day)
	case relation.EventCopied:
		return fmt.Sprintf("somebody has a copy of this device and wrote with it (seen on %s)", day)
	case relation.EventGone:
		return fmt.Sprintf(
			"a device of %s was silent for ninety days, and is not written to", whose)
	case relation.EventRevoked:
		if e.Own {
			return fmt.Sprintf("a device of yours is said to be gone (%s): if it is this one, and "+
				"you did not say so: murmur device object", day)
		}
		return fmt.Sprintf("a device of %s is gone: they say so (%s)", whose, day)
	case relation.EventDisputed:
		return "two of their devices contradict each other: nothing goes to either until you " +
			"have compared words (murmur contact verify) and kept one (murmur device keep)"
	case relation.EventRefused:
		return fmt.Sprintf("a device was refused that says to be %s (%s)", whose, day)
	case relation.EventExpired:
		return "something that you said was not read for ninety days, and is given up"
	}
	return ""
}
