package contact

import (
	"errors"
	"time"

	"murmuration/client/content"
	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/client/ticket"
	"murmuration/internal/box"
)

// sayingType is what a saying of this room is about (docs/contact.md, "What contacts say").
type sayingType uint8

const (
	sayHello     sayingType = 1 // the first one: what is said arrives
	sayProfile   sayingType = 2 // how the person shows themselves now
	sayBye       sayingType = 3 // the contact is over
	sayIntroduce sayingType = 4 // somebody else, whom the two may want to know
	sayContact   sayingType = 5 // among own devices: a contact as it is here
)

// saying is the content of one.
type saying struct {
	Type      sayingType      `cbor:"1,keyasint"`
	Profile   *ticket.Profile `cbor:"2,keyasint,omitempty"`
	Introduce *introduction   `cbor:"3,keyasint,omitempty"`
	Contact   *Contact        `cbor:"4,keyasint,omitempty"`
}

// introduction is what both who are introduced are told.
type introduction struct {
	Secret [16]byte `cbor:"1,keyasint"` // of their ticket
	Day    box.Day  `cbor:"2,keyasint"` // likewise
	First  bool     `cbor:"3,keyasint"` // this one makes the ticket's card, the other one claims
	Name   string   `cbor:"4,keyasint"` // of the other, as who introduces them calls them
}

// form has room for a contact within a saying, and for all that is known of one.
var form = content.NewForm(6, 32)

func (s saying) marshal() []byte {
	b, err := content.Encode(s)
	if err != nil {
		panic("contact: " + err.Error()) // bytes, texts and numbers only
	}
	return b
}

// errSaying says that a saying of this room is none of this version.
var errSaying = errors.New("malformed saying about contacts")

// parseSaying is the inverse of marshal, and refuses every second spelling.
func parseSaying(b []byte) (s saying, err error) {
	if form.Decode(b, &s) != nil {
		return saying{}, errSaying
	}
	has := [3]bool{s.Profile != nil, s.Introduce != nil, s.Contact != nil}
	want := map[sayingType][3]bool{
		sayHello: {}, sayBye: {}, sayProfile: {true}, sayIntroduce: {false, true},
		sayContact: {false, false, true},
	}
	shape, ok := want[s.Type]
	if !ok || has != shape || s.Profile != nil && s.Profile.Check() != nil ||
		s.Introduce != nil && content.CheckName(s.Introduce.Name) != nil ||
		s.Contact != nil && s.Contact.check() != nil {
		return saying{}, errSaying
	}
	return s, nil
}

// check refuses what another device of this person can not have told.
func (k Contact) check() error {
	if CheckAlias(k.Alias) != nil || k.Claimed.Check() != nil || len(k.Via) > 256 ||
		len(k.Devices) > mostDevices {
		return errSaying
	}
	return nil
}

// say says something to a contact; the person does not see it in the outbox.
func (c *Contacts) say(tx *store.Tx, now time.Time, to relation.ID, s saying) error {
	_, err := c.cfg.Relations.Say(tx, now, to, relation.Saying{
		Kind: relation.KindContact, Content: s.marshal(), Quick: true,
	})
	return err
}

// Heard takes what a contact says of themselves, or another device of this person.
func (c *Contacts) Heard(tx *store.Tx, now time.Time, h relation.Heard) error {
	s, err := parseSaying(h.Content)
	if err != nil {
		tx.After(func() { c.odd++ })
		return nil
	}
	if h.Own {
		return c.heardOwn(tx, now, s)
	}
	k, ok, err := getContact(tx, h.Relation)
	if err != nil || !ok || k.Gone != 0 {
		return err
	}
	k.Heard = now.Unix()
	switch s.Type {
	case sayProfile:
		return c.claims(tx, now, k, *s.Profile)
	case sayBye:
		return c.ended(tx, now, k)
	case sayIntroduce:
		return errors.Join(c.put(tx, k), c.introduced(tx, now, k, *s.Introduce))
	case sayContact:
		tx.After(func() { c.odd++ }) // own devices alone say that
	}
	return c.put(tx, k)
}

// claims takes what a contact is called now, by their own word.
func (c *Contacts) claims(tx *store.Tx, now time.Time, k Contact, p ticket.Profile) error {
	before := k.Claimed
	k.Claimed = p
	if before.Name == p.Name {
		return c.put(tx, k)
	}
	return c.tell(tx, now, &k, "%s calls themselves %s now%s", content.Quote(before.Name),
		content.Quote(p.Name), c.looks(k))
}

// ended is the last word of a contact.
func (c *Contacts) ended(tx *store.Tx, now time.Time, k Contact) error {
	if err := c.cfg.Relations.End(tx, now, k.Relation); err != nil {
		return err
	}
	k.Gone, k.ByThem = now.Unix(), true
	return c.tell(tx, now, &k, "they ended this contact")
}

// share tells the person's other devices of a contact.
func (c *Contacts) share(tx *store.Tx, now time.Time, k Contact) error {
	k.Lines, k.Heard = 0, 0 // each device has its own
	tell := func() error {
		s := saying{Type: sayContact, Contact: &k}
		return c.cfg.Relations.Tell(tx, now, relation.KindContact, s.marshal())
	}
	err := tell()
	if errors.Is(err, relation.ErrLong) { // where boxes are small
		k.Claimed.Picture = nil
		err = tell()
	}
	return err
}

// heardOwn takes what another device of this person tells: a contact that is over stays so.
func (c *Contacts) heardOwn(tx *store.Tx, now time.Time, s saying) error {
	if s.Type != sayContact {
		return nil
	}
	told := *s.Contact
	k, known, err := getContact(tx, told.Relation)
	if err != nil || known && k.Gone != 0 {
		return err
	}
	told.Lines, told.Heard = k.Lines, k.Heard
	if told.Claimed.Picture == nil && told.Claimed.Name == k.Claimed.Name {
		told.Claimed.Picture = k.Claimed.Picture
	}
	if !c.free(told.Alias, told.Relation) {
		told.Alias, told.Given = c.alias(told.Alias, told.Claimed.Name)
	}
	if told.Gone != 0 && known {
		return c.tell(tx, now, &told, "you ended this contact, on another device")
	}
	return c.put(tx, told)
}
