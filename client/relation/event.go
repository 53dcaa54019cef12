package relation

import (
	"errors"
	"time"

	"murmuration/client/session"
	"murmuration/client/store"
)

// EventKind is what happened.
type EventKind uint8

// The events.
const (
	// EventDevice: a device came that was not known. Its Reason is what its card says: that a
	// backup was restored, or that it is a second one.
	EventDevice EventKind = iota + 1
	// EventVouched: a device of the contact says that another one is the same person's.
	EventVouched
	// EventReset: a known device began anew, for its Reason.
	EventReset
	// EventRestored: in one's own door is a card that no known own device wrote: a backup was
	// restored, by oneself or somebody else. It is not answered.
	EventRestored
	// EventCopied: somebody has a copy of this device's running state, and writes with it.
	EventCopied
	// EventGone: a device was silent for ninety days, and is not written to any more.
	EventGone
	// EventRevoked: a device of the contact says that another one is gone; of the own ones, that
	// this one is.
	EventRevoked
	// EventDisputed: a device that is said to be gone says that it is not, or two say it of each
	// other: neither is written to until words were compared with one.
	EventDisputed
	// EventRefused: a card of a sixth device, or one that claims to be a device that it is not.
	EventRefused
	// EventExpired: a saying was not acknowledged for ninety days, and is given up.
	EventExpired
	// EventGave: this device has said that an own one is gone.
	EventGave
)

// Event is what a person should be told in one line.
type Event struct {
	Relation ID
	What     EventKind
	Own      bool // it is about an own device
	Device   session.DeviceID
	Reason   session.Reason
	Number   uint32 // of a saying
}

// happens notes an event: whoever watches is told when the relation was put.
func (rel *relation) happens(e Event) {
	e.Relation = rel.id
	rel.events = append(rel.events, e)
}

// alarm is happens for what somebody may cause as often as they like: once a day.
func (rel *relation) alarm(now time.Time, e Event) {
	if over(rel.Alarm, oneDay, now) {
		rel.Alarm = now.Unix()
		rel.happens(e)
	}
}

// announce tells whoever watches. They may Say something.
func (r *Relations) announce(tx *store.Tx, now time.Time, events []Event) error {
	var errs []error
	for _, e := range events {
		for _, do := range r.watchers {
			errs = append(errs, do(tx, now, e))
		}
	}
	return errors.Join(errs...)
}
