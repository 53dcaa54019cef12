package contact

import (
	"cmp"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"murmuration/client/content"
	"murmuration/client/relation"
	"murmuration/client/session"
	"murmuration/client/store"
	"murmuration/client/ticket"
)

// How says in which way two people met.
type How string

// The ways.
const (
	Invited    How = "invited"    // they used an invitation of this person
	Accepted   How = "accepted"   // this person used theirs
	Introduced How = "introduced" // somebody whom both know brought them together
)

// Contact is somebody whom the person knows.
type Contact struct {
	Relation relation.ID `cbor:"1,keyasint"`
	// Alias is unique among contacts. It is the person's own word if Given, and else made of what
	// the contact claimed when they met: it stays when they claim something else.
	Alias   string         `cbor:"2,keyasint"`
	Given   bool           `cbor:"3,keyasint,omitempty"`
	Claimed ticket.Profile `cbor:"4,keyasint"` // the newest one
	Since   int64          `cbor:"5,keyasint"` // Unix seconds
	How     How            `cbor:"6,keyasint"`
	Via     string         `cbor:"7,keyasint,omitempty"` // who introduced them, as they were called
	Meeting meeting        `cbor:"8,keyasint"`
	// Verified is when the person compared words, if what came since did not undo it.
	Verified int64  `cbor:"9,keyasint,omitempty"`
	Heard    int64  `cbor:"10,keyasint,omitempty"` // when something of theirs came last
	Muted    bool   `cbor:"11,keyasint,omitempty"`
	Blocked  bool   `cbor:"12,keyasint,omitempty"`
	Gone     int64  `cbor:"13,keyasint,omitempty"` // when it ended
	ByThem   bool   `cbor:"14,keyasint,omitempty"` // and who said so
	Lines    uint64 `cbor:"15,keyasint,omitempty"` // that there ever were
	// Devices are those that came since the two have met.
	Devices []device `cbor:"16,keyasint,omitempty"`
}

// meeting is what both sides know of how they met, for words to compare.
type meeting struct {
	Transcript [32]byte `cbor:"1,keyasint"`
	Nonce      [32]byte `cbor:"2,keyasint"`
	// Devices are those of the two who met.
	Devices []session.DeviceID `cbor:"3,keyasint"`
}

// meetingOf is that of a relation that has just begun.
func meetingOf(s ticket.Secret, nonce [32]byte, f relation.Fresh) meeting {
	m := meeting{s.Transcript, nonce, []session.DeviceID{f.State.Self}}
	for _, p := range f.State.Peers {
		m.Devices = append(m.Devices, p.Device)
	}
	return m
}

func (k Contact) name() string { return nameOf(k.Relation) }

func nameOf(id relation.ID) string { return hex.EncodeToString(id[:]) }

// put writes a contact, and has memory follow.
func (c *Contacts) put(tx *store.Tx, k Contact) error {
	tx.After(func() { c.contacts[k.Relation] = &k })
	return tx.Put(bucketContacts, k.name(), k)
}

func getContact(tx *store.Tx, id relation.ID) (k Contact, ok bool, err error) {
	known, err := tx.Has(bucketContacts, nameOf(id))
	if err != nil || !known {
		return k, false, err
	}
	return k, true, tx.Get(bucketContacts, nameOf(id), &k)
}

// Name is how a contact is shown: by the person's own word, or by the claim in quotes.
func (k Contact) Name() string {
	shown := k.Alias
	if !k.Given {
		shown = content.Quote(k.Claimed.Name)
		if fold(shape(k.Claimed.Name)) != fold(k.Alias) {
			shown += " (" + k.Alias + ")"
		}
	}
	if k.Gone != 0 {
		shown += time.Unix(k.Gone, 0).UTC().Format(" (until 2006-01-02)")
	}
	return shown
}

// looks says of what somebody claims to be that it looks like the name of another contact, though
// it is none; empty: it does not.
func (c *Contacts) looks(k Contact) string {
	shape := content.Skeleton(k.Claimed.Name)
	for _, o := range c.List() {
		for _, name := range []string{o.Alias, o.Claimed.Name} {
			if o.Relation != k.Relation && o.Gone == 0 && content.Skeleton(name) == shape &&
				fold(name) != fold(k.Claimed.Name) {
				return "; that looks like " + o.Name() + ", whom you know: compare words"
			}
		}
	}
	return ""
}

// Name is how the contact of a relation is shown, also after it is over.
func (c *Contacts) Name(id relation.ID) string {
	if k := c.contacts[id]; k != nil {
		return k.Name()
	}
	return "(unknown)"
}

// Of is the contact of a relation.
func (c *Contacts) Of(id relation.ID) (Contact, bool) {
	if k := c.contacts[id]; k != nil {
		return *k, true
	}
	return Contact{}, false
}

// Claimed is what a contact calls themselves; empty: nothing is known of them.
func (c *Contacts) Claimed(id relation.ID) string {
	k, _ := c.Of(id)
	return k.Claimed.Name
}

// Over says whether there is no contact of a relation any more.
func (c *Contacts) Over(id relation.ID) bool {
	k := c.contacts[id]
	return k == nil || k.Gone != 0
}

// Muted says whether nothing is to be announced of a contact.
func (c *Contacts) Muted(id relation.ID) bool {
	k := c.contacts[id]
	return k != nil && (k.Muted || k.Blocked)
}

// Blocked says whether nothing of a contact is to be shown.
func (c *Contacts) Blocked(id relation.ID) bool {
	k := c.contacts[id]
	return k != nil && k.Blocked
}

// List is all contacts that are not over, by their names.
func (c *Contacts) List() (all []Contact) {
	for _, k := range c.contacts {
		if k.Gone == 0 {
			all = append(all, *k)
		}
	}
	slices.SortFunc(all, func(a, b Contact) int {
		return cmp.Or(cmp.Compare(fold(a.Alias), fold(b.Alias)), cmp.Compare(a.name(), b.name()))
	})
	return all
}

// Find is the contact of an alias, in capitals or not.
func (c *Contacts) Find(alias string) (Contact, error) {
	wanted := fold(strings.Trim(strings.TrimSpace(alias), "“”\""))
	for _, k := range c.contacts {
		if k.Gone == 0 && fold(k.Alias) == wanted {
			return *k, nil
		}
	}
	return c.findShape(alias, wanted)
}

// findShape finds a contact by the words of which their alias was made, as these stand in lists.
// What somebody claims to be counts for nothing: they may say anything, and what was meant for
// somebody else would go to them.
func (c *Contacts) findShape(alias, wanted string) (found Contact, err error) {
	err = ErrNoContact.With("%q", alias)
	claims, shaped := 0, shape(wanted)
	for _, k := range c.List() {
		same := fold(k.Claimed.Name) == wanted
		if same {
			claims++
		}
		switch {
		case !k.Given && shaped != unnamed && fold(k.Alias) == fold(shaped):
			found, err = k, nil
		case same && err != nil:
			err = ErrClaimed.With("%q is %s here", alias, k.Alias)
		}
	}
	if claims > 1 {
		err = ErrAmbiguous.With("%q", alias)
	}
	if err != nil {
		return Contact{}, err
	}
	return found, nil
}

// FindEver is Find, and where nobody is called so any more, whoever was last: what was said stays,
// and can be read.
func (c *Contacts) FindEver(alias string) (Contact, error) {
	found, err := c.Find(alias)
	if !errors.Is(err, ErrNoContact) {
		return found, err
	}
	for _, k := range c.contacts {
		newer := cmp.Or(cmp.Compare(k.Gone, found.Gone), cmp.Compare(k.name(), found.name())) > 0
		if k.Gone != 0 && newer && fold(k.Alias) == fold(strings.TrimSpace(alias)) {
			found, err = *k, nil
		}
	}
	return found, err
}

func fold(s string) string { return strings.ToLower(s) }

// CheckAlias refuses what no command could take for a contact.
func CheckAlias(alias string) error {
	if content.CheckName(alias) != nil || strings.HasPrefix(alias, "-") ||
		strings.Trim(alias, ".") == "" {
		return ErrAlias.With("%q", alias)
	}
	return nil
}

// free says whether no contact has an alias but one.
func (c *Contacts) free(alias string, but relation.ID) bool {
	for _, k := range c.contacts {
		if k.Gone == 0 && k.Relation != but && fold(k.Alias) == fold(alias) {
			return false
		}
	}
	return true
}

// unnamed is whoever claims nothing of which an alias can be made.
const unnamed = "somebody"

// shape makes an alias of a claim: one word.
func shape(claimed string) string {
	s := strings.Join(strings.FieldsFunc(claimed, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune("“”„\"'()", r)
	}), "-")
	if s = strings.TrimLeft(s, "-"); CheckAlias(s) != nil {
		return unnamed
	}
	return s
}

// alias is a free one: that which the person gave, or one that is made of the claim.
func (c *Contacts) alias(given, claimed string) (alias string, own bool) {
	if given != "" && c.free(given, relation.ID{}) {
		return given, true
	}
	base := shape(claimed)
	if given != "" {
		base = given
	}
	alias = base
	for n := 2; !c.free(alias, relation.ID{}); n++ {
		suffix := "-" + strconv.Itoa(n)
		alias = strings.ToValidUTF8(base[:min(len(base), 60)], "") + suffix
	}
	return alias, given != ""
}

// Rename gives a contact another name, under which all stands that was said.
func (c *Contacts) Rename(now time.Time, of, alias string) error {
	if err := CheckAlias(alias); err != nil {
		return err
	}
	k, err := c.Find(of)
	if err != nil {
		return err
	}
	if !c.free(alias, k.Relation) {
		return ErrTaken.With("%q", alias)
	}
	k.Alias, k.Given = alias, true
	return c.change(now, k)
}

// change writes a contact that the person has changed.
func (c *Contacts) change(now time.Time, k Contact) error {
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		return errors.Join(c.put(tx, k), c.share(tx, now, k))
	})
}

// Mute has nothing announced of a contact, or ends that.
func (c *Contacts) Mute(now time.Time, alias string, on bool) error {
	k, err := c.Find(alias)
	if err != nil {
		return err
	}
	k.Muted = on
	return c.change(now, k)
}

// Block has nothing of a contact shown, or ends that. They are not told.
func (c *Contacts) Block(now time.Time, alias string, on bool) error {
	k, err := c.Find(alias)
	if err != nil {
		return err
	}
	k.Blocked = on
	return c.change(now, k)
}

// Reset begins the conversation with a contact anew: for when nothing arrives any more. Both see
// one line.
func (c *Contacts) Reset(now time.Time, alias string) error {
	k, err := c.Find(alias)
	if err != nil {
		return err
	}
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		err := c.cfg.Relations.Reset(tx, now, k.Relation)
		return errors.Join(err, c.tell(tx, now, &k, "you began the conversation anew"))
	})
}

// Remove ends a contact: the other side is told, keys are erased, what was said stays.
func (c *Contacts) Remove(now time.Time, alias string) error {
	k, err := c.Find(alias)
	if err != nil {
		return err
	}
	return c.cfg.Store.Update(func(tx *store.Tx) error {
		k, _, err := getContact(tx, k.Relation)
		if err != nil {
			return err
		}
		_ = c.say(tx, now, k.Relation, saying{Type: sayBye}) // who cannot be told finds out
		err = c.cfg.Relations.End(tx, now, k.Relation)
		if err != nil && !errors.Is(err, relation.ErrNoRelation) { // ended elsewhere just now
			return err
		}
		k.Gone = now.Unix()
		err = c.tell(tx, now, &k, "you ended this contact")
		return errors.Join(err, c.share(tx, now, k))
	})
}
