package daystore

import (
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// The mark, fsynced outside Badger, says which commits must be there: Badger cuts a damaged
// write-ahead log off without a word. An even value 2n means that commit n was begun, so n−1 was
// acknowledged; an odd value 2n+1 that n was acknowledged and nothing begun since. The mark of a
// commit is written while the commit is, and settled when nobody waits.
func begun(commit uint64) uint64   { return 2 * commit }
func settled(commit uint64) uint64 { return 2*commit + 1 }

// acknowledged is the newest commit that must be there by this mark.
func acknowledged(mark uint64) uint64 { return max((mark+1)/2, 1) - 1 }

// note moves the mark and says how that went.
func (d *dayDB) note(mark uint64, noted chan<- error) {
	if d.noSync {
		noted <- nil
		return
	}
	noted <- d.mark.Set(mark)
}

// rest settles the mark of a day that has nothing to do.
func (d *dayDB) rest() {
	if d.broken == nil && !d.noSync && d.mark.Value() == begun(d.commit) && d.commit > 0 {
		d.broken = d.mark.Set(settled(d.commit))
	}
}

// checkMark compares the newest commit that Badger still knows with the mark.
func (d *dayDB) checkMark() error {
	err := d.db.View(func(txn *badger.Txn) error {
		v, err := get(txn, commitKey)
		if err == nil && len(v) == 8 {
			d.commit = binary.BigEndian.Uint64(v)
		}
		return err
	})
	if err != nil {
		return err
	}
	switch must := acknowledged(d.mark.Value()); {
	case d.commit < must:
		return fmt.Errorf("%w: commit %d was acknowledged, the newest that is left is %d", errLost,
			must, d.commit)
	case d.mark.Value() == begun(d.commit+1):
		d.log.log.Warn("the last commit before a crash is not there: it was not acknowledged, or "+
			"the disk lost it", "day", d.day)
		return d.spend()
	}
	return nil
}

// spend makes an empty commit of the number that the mark has already.
func (d *dayDB) spend() error {
	d.commit++
	return d.db.Update(func(txn *badger.Txn) error { return txn.Set(commitKey, number(d.commit)) })
}

func number(commit uint64) []byte { return binary.BigEndian.AppendUint64(nil, commit) }
