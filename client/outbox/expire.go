package outbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"murmuration/client/store"
)

func byNumber(a, b entry) int { return cmp.Compare(a.Number, b.Number) }

// expire takes whole entries off the outbox, and forgets old ones.
func (o *Outbox) expire(gone map[string]entry, old []entry) error {
	if len(gone)+len(old) == 0 {
		return nil
	}
	lost := slices.SortedFunc(maps.Values(gone), byNumber)
	err := o.cfg.Store.Update(func(tx *store.Tx) error {
		for _, e := range old {
			if err := tx.Delete(bucketEntries, nameOf(e.Number)); err != nil {
				return err
			}
		}
		return o.giveUp(tx, lost)
	})
	if err != nil {
		return fmt.Errorf("expiring the outbox: %w", err)
	}
	for _, e := range lost {
		o.remember(e)
		o.drop(func(w *waiting) bool {
			if w.entry == e.Name {
				o.access.Cancel(w.number)
			}
			return w.entry == e.Name
		})
	}
	for _, e := range old {
		delete(o.entries, e.Name)
	}
	return nil
}

func (o *Outbox) giveUp(tx *store.Tx, lost []entry) error {
	var errs []error
	for _, e := range lost {
		errs = append(errs, e.keep(tx))
		for _, w := range o.waiting {
			if w.entry == e.Name {
				errs = append(errs, tx.Delete(bucketBoxes, nameOf(w.number)))
			}
		}
	}
	return errors.Join(errs...)
}

// finished are the entries that are done, beyond the newest `keep`.
func (o *Outbox) finished(keep int) []entry {
	var done []entry
	for _, e := range o.entries {
		if e.Done != 0 {
			done = append(done, *e)
		}
	}
	slices.SortFunc(done, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.Done, a.Done), byNumber(b, a))
	})
	return done[min(keep, len(done)):]
}
