// Package backup is what a person keeps of a home in another place: one file that the ordinary age
// tool opens with the passphrase.
//
//	age, scrypt(passphrase):
//	  frame…    4 bytes of length ‖ canonical CBOR
//	            the first is a Head, the last an end with the number of records,
//	            and each between them a record of a bucket
//
// It holds what lasts (contacts, names, content, settings, doors) and never what says where
// something stands: a home that is made of it is another device, and no two homes go on from the
// same place. Which bucket is which stands in Buckets. The package knows no record's meaning, keeps
// one record at a time in memory, and trusts a file no further than that.
package backup

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"filippo.io/age"
	"github.com/fxamacker/cbor/v2"

	"murmuration/client/fault"
	"murmuration/client/store"
)

// Faults of backups.
var (
	ErrPassphrase = fault.New(
		fault.Locked, "the passphrase does not open this backup",
		"Try again: it is the one that was given when the backup was made, which need not be that "+
			"of the home.",
	)
	ErrDamaged = fault.New(
		fault.Trust, "this is no whole backup",
		"It was cut short, damaged, or is something else: copy it again from where it is kept, or "+
			"use an older one. Nothing was changed.",
	)
	ErrFuture = fault.New(
		fault.User, "this backup was made by a later version of this program",
		"Update the program and try again. Nothing was changed.",
	)
	errNone = fault.New(
		fault.User, "a backup needs a passphrase", "Whoever finds the file could read it.",
	)
)

// Form counts the forms that the files have had.
const Form = 1

// Limits of a file, which is refused beyond them.
const (
	maxFrame   = store.MaxRecord + 4096 // bytes
	maxRecords = 1 << 24
	maxGenesis = 64 << 10
	maxName    = 256
	maxBucket  = 64
	// scryptWork is the logarithm of what opening costs: 256 MiB and about a second. A file that
	// asks for more is refused.
	scryptWork = 18
)

// Head says whose a backup is, and of when.
type Head struct {
	Form    int    `cbor:"1,keyasint"`
	Version int    `cbor:"2,keyasint"` // of the home's records
	Genesis []byte `cbor:"3,keyasint"` // the network's genesis file
	Name    string `cbor:"4,keyasint"` // what the person calls themselves
	Made    int64  `cbor:"5,keyasint"` // Unix seconds
}

// Time is when the backup was made.
func (h Head) Time() time.Time { return time.Unix(h.Made, 0).UTC() }

// oldDays is after how many days a backup should be made anew: three months after a contact has
// read of a newer door, they close the one that it knows.
const oldDays = 60

// Old says that it is time for another one.
func (h Head) Old(now time.Time) bool { return now.After(h.Time().AddDate(0, 0, oldDays)) }

func (h Head) check() error {
	if h.Form != Form || h.Version < 1 || h.Made < 0 || len(h.Name) > maxName ||
		len(h.Genesis) > maxGenesis {
		return ErrDamaged.With("its first part is none of a backup")
	}
	return nil
}

// frame is what follows the head: a record, or the end.
type frame struct {
	Bucket string          `cbor:"1,keyasint,omitempty"`
	Name   string          `cbor:"2,keyasint,omitempty"`
	Value  cbor.RawMessage `cbor:"3,keyasint,omitempty"`
	// End is the number of records before it, plus one.
	End uint64 `cbor:"4,keyasint,omitempty"`
}

var (
	encMode = must(cbor.CanonicalEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxNestedLevels: 18,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic("backup: CBOR mode: " + err.Error())
	}
	return v
}

// Seal is what opens a backup.
type Seal struct {
	Passphrase []byte
	// Work is the logarithm of what trying a passphrase costs; zero: 18, about a second.
	Work int
}

// Write makes a backup of what a transaction sees.
func Write(to io.Writer, under Seal, head Head, tx *store.Tx) error {
	if len(under.Passphrase) == 0 {
		return errNone
	}
	recipient, err := age.NewScryptRecipient(string(under.Passphrase))
	if err != nil {
		return fmt.Errorf("making a backup: %w", err)
	}
	recipient.SetWorkFactor(cmp.Or(under.Work, scryptWork))
	sealed, err := age.Encrypt(to, recipient)
	if err != nil {
		return fmt.Errorf("making a backup: %w", err)
	}
	head.Form = Form
	if err := writeAll(sealed, head, tx); err != nil {
		return fmt.Errorf("making a backup: %w", err) // without an end, so that it is damaged
	}
	return sealed.Close()
}

func writeAll(w io.Writer, head Head, tx *store.Tx) error {
	if err := writeFrame(w, head); err != nil {
		return err
	}
	n := uint64(0)
	for _, bucket := range slices.Sorted(maps.Keys(Buckets)) {
		if !Buckets[bucket].Kept {
			continue
		}
		err := tx.Walk(bucket, func(name string, value []byte) error {
			n++
			return writeFrame(w, frame{Bucket: bucket, Name: name, Value: value})
		})
		if err != nil {
			return err
		}
	}
	return writeFrame(w, frame{End: n + 1})
}

func writeFrame(w io.Writer, v any) error {
	b, err := encMode.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

// damaged is err, as a person meets it; what fails for another reason stays what it is.
func damaged(err error) error {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	return ErrDamaged.With("%w", err)
}
