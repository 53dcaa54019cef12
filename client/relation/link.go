package relation

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"murmuration/client/fault"
	"murmuration/client/session"
	"murmuration/client/store"
)

// Sizes behind a card, in bytes (docs/relation.md, "Links").
const (
	cardHead = 1358 // of a card: then the number of its proofs
	linkSize = 32
	// LinkLife is for how long a key can be used.
	LinkLife = 3 * oneDay
)

// Key is what one device gives to another one that is to be linked.
type Key [32]byte

// errKey says that a text is none.
var errKey = fault.New(
	fault.User, "not the key of a link",
	"Copy it again, the whole line that `murmur device link` printed.",
)

// checkSize is how many bytes of SHA-256 stand behind a key in text.
const checkSize = 3

var base = base32.StdEncoding.WithPadding(base32.NoPadding)

// Text is the key for people: 56 small letters and digits, in groups of seven.
func (k Key) Text() string {
	sum := sha256.Sum256(k[:])
	text := strings.ToLower(base.EncodeToString(append(k[:], sum[:checkSize]...)))
	var groups []string
	for ; len(text) > 0; text = text[7:] {
		groups = append(groups, text[:7])
	}
	return strings.Join(groups, "-")
}

// String keeps the key out of logs.
func (Key) String() string { return "[key of a link]" }

// ParseKey reads Text, whatever blanks, dashes and capitals it went through.
func ParseKey(text string) (k Key, err error) {
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -\t\r\n", r) {
			return -1
		}
		return r
	}, text)
	b, err := base.DecodeString(strings.ToUpper(clean))
	if err != nil || len(b) != len(k)+checkSize {
		return k, errKey.With("%d letters", len(clean))
	}
	copy(k[:], b)
	if sum := sha256.Sum256(k[:]); string(sum[:checkSize]) != string(b[len(k):]) {
		return Key{}, errKey.With("a letter is wrong")
	}
	return k, nil
}

// link is the key by which one device is known that is to be linked.
type link struct {
	Key   Key   `cbor:"1,keyasint"`
	Until int64 `cbor:"2,keyasint"`
}

// Link makes the key by which a second device is known within three days, and the place where own
// devices meet, if there is none yet. The key goes to the other device where nobody else sees it;
// a backup that was made after this goes with it.
func (r *Relations) Link(tx *store.Tx, now time.Time) (key Key, err error) {
	if _, err := io.ReadFull(r.cfg.Random, key[:]); err != nil {
		return key, err
	}
	_, err = r.self(tx)
	if errors.Is(err, ErrNoRelation) {
		err = r.meet(tx, now)
	}
	if err != nil {
		return key, err
	}
	return key, tx.Put(bucketLinks, "", link{key, now.Add(LinkLife).Unix()})
}

// admit answers the card that an own device left before it was known as one.
func (r *Relations) admit(
	tx *store.Tx, now time.Time, rel *relation, d session.DeviceID,
) error {
	for i, w := range rel.Waits {
		b, _ := splitLink(w.Card)
		card, err := session.ParseCard(b)
		if err == nil && card.ID() == d {
			rel.Waits = slices.Delete(slices.Clone(rel.Waits), i, i+1)
			from := r.cfg.Network.Calendar.Oldest(now)
			return r.card(tx, now, rel, entry{own: true, from: from}, w.Card)
		}
	}
	return nil
}

// waits is a card in the own door of which it is not known yet whose it is.
type waits struct {
	_    struct{} `cbor:",toarray"`
	Card []byte
	At   int64
	Said bool // that it is there
}

// mostWaits is how many of them are kept.
const mostWaits = 4

// welcome says whether a card in the own door is an own device's: one that is known, that another
// one vouched for, or that has the key of a link. Others wait for that, and the person is told.
func (r *Relations) welcome(
	tx *store.Tx, now time.Time, rel *relation, card session.Card, whole, proof []byte,
) (bool, error) {
	d := card.ID()
	if d == rel.State.Self || rel.knows(d) || slices.Contains(rel.Mine, d) {
		return true, nil // what it proves is seen by its session
	}
	linked, err := r.linked(tx, now, rel, card, proof)
	if err != nil {
		return false, err
	}
	if linked {
		return true, r.vouch(tx, now, rel, d)
	}
	if slices.ContainsFunc(rel.Waits, func(w waits) bool {
		return string(w.Card) == string(whole)
	}) {
		return false, nil
	}
	w := waits{Card: whole, At: now.Unix(), Said: card.Reason != session.ReasonSecond}
	rel.Waits = append(slices.Clip(rel.Waits), w)
	rel.Waits = rel.Waits[max(0, len(rel.Waits)-mostWaits):]
	if !w.Said {
		return false, nil // it is told of if nobody vouches for it
	}
	rel.alarm(now, Event{What: EventRestored, Own: true, Device: d, Reason: card.Reason})
	return false, nil
}

// linked says whether a card comes with the proof of a key that Link gave.
func (r *Relations) linked(
	tx *store.Tx, now time.Time, rel *relation, card session.Card, proof []byte,
) (bool, error) {
	var l link
	err := tx.Get(bucketLinks, "", &l)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.Unix() > l.Until {
		return false, nil
	}
	want := linkProof(l.Key, rel.id, card.Hash())
	return err == nil && hmac.Equal(proof, want), err
}

// linkProof stands behind the card of a device that is linked, among own devices alone.
func linkProof(key Key, id ID, card session.CardHash) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte("murmuration/relation/link/v1"))
	h.Write(id[:])
	h.Write(card[:])
	return h.Sum(nil)
}

// splitLink takes the proof of a link off a card.
func splitLink(b []byte) (card, proof []byte) {
	if len(b) <= cardHead {
		return b, nil
	}
	size := cardHead + 1 + 16*int(b[cardHead])
	if len(b) != size+linkSize {
		return b, nil
	}
	return b[:size], b[size:]
}
