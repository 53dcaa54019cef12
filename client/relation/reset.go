package relation

import (
	"time"

	"murmuration/client/session"
	"murmuration/client/store"
)

// Self is what this device is called in a relation.
func (r *Relations) Self(tx *store.Tx, id ID) (session.DeviceID, error) {
	rel, err := get(tx, id)
	if err != nil {
		return session.DeviceID{}, err
	}
	return rel.State.Self, nil
}

// Reset begins a relation's conversations anew, since the person says that something is wrong: a
// knock, which the other side shows as one line. What was not acknowledged is said again.
func (r *Relations) Reset(tx *store.Tx, now time.Time, id ID) error {
	rel, err := get(tx, id)
	if err != nil {
		return err
	}
	if err := r.knock(tx, now, rel, session.ReasonReset); err != nil {
		return err
	}
	return r.put(tx, now, rel)
}
