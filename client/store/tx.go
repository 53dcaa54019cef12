package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// ErrNotFound says that there is no record of this name.
var ErrNotFound = errors.New("no such record")

// Tx reads and writes within one transaction; it is over when its function returns.
type Tx struct {
	records records
	after   []func()
	reads   int
}

// Reads is how many records the transaction has asked for: what something costs, in no time.
func (t *Tx) Reads() int { return t.reads }

// After has something done once everything that the transaction writes is on the disk, in the order
// in which it was asked for; never, if that fails. What a part has in memory changes there.
func (t *Tx) After(do func()) { t.after = append(t.after, do) }

func (t *Tx) done() {
	for _, do := range t.after {
		do()
	}
}

// records is where the records of a transaction are: sealed on a disk, or in memory. What is not
// there is ErrNotFound.
type records interface {
	set(bucket, name string, value []byte) error
	get(bucket, name string) ([]byte, error)
	has(bucket, name string) (bool, error)
	delete(bucket, name string) error
	walk(bucket string, do func(named) error) error // in any order
}

var (
	encMode = must(cbor.CanonicalEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxNestedLevels: 16,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic("store: CBOR mode: " + err.Error())
	}
	return v
}

// Put writes a record. v is encoded as CBOR and must not exceed MaxRecord.
func (t *Tx) Put(bucket, name string, v any) error {
	value, err := encMode.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding a record of %s: %w", bucket, err)
	}
	if err := t.records.set(bucket, name, value); err != nil {
		return fmt.Errorf("writing a record of %s: %w", bucket, err)
	}
	return nil
}

// Get reads a record into v, or returns ErrNotFound.
func (t *Tx) Get(bucket, name string, v any) error {
	t.reads++
	value, err := t.records.get(bucket, name)
	if errors.Is(err, ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("reading a record of %s: %w", bucket, err)
	}
	return decode(bucket, value, v)
}

// Has says whether there is a record, without opening it.
func (t *Tx) Has(bucket, name string) (bool, error) {
	t.reads++
	ok, err := t.records.has(bucket, name)
	if err != nil {
		return false, fmt.Errorf("looking for a record of %s: %w", bucket, err)
	}
	return ok, nil
}

// Delete removes a record, if it is there.
func (t *Tx) Delete(bucket, name string) error {
	if err := t.records.delete(bucket, name); err != nil {
		return fmt.Errorf("deleting a record of %s: %w", bucket, err)
	}
	return nil
}

// Each reads all records of a bucket into values of type T, in the order of their names.
func Each[T any](t *Tx, bucket string, do func(name string, v T) error) error {
	var all []named
	err := t.records.walk(bucket, func(n named) error { all = append(all, n); return nil })
	t.reads += len(all)
	if err != nil {
		return fmt.Errorf("reading the records of %s: %w", bucket, err)
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.Name, b.Name) })
	for _, n := range all {
		var v T
		if err := decode(bucket, n.Value, &v); err != nil {
			return err
		}
		if err := do(n.Name, v); err != nil {
			return err
		}
	}
	return nil
}

// Walk reads the encoded records of a bucket one by one, in any order, so that no more than one of
// them is in memory: for who copies records and does not ask what they mean.
func (t *Tx) Walk(bucket string, do func(name string, value []byte) error) error {
	var stopped error
	err := t.records.walk(bucket, func(n named) error {
		t.reads++
		stopped = do(n.Name, n.Value)
		return stopped
	})
	if err != nil && stopped == nil {
		return fmt.Errorf("reading the records of %s: %w", bucket, err)
	}
	return err
}

// Copy writes a record as Walk gave it, of this store or of another one. What is no record is
// ErrForeign.
func (t *Tx) Copy(bucket, name string, value []byte) error {
	if err := decMode.Wellformed(value); err != nil {
		return ErrForeign.With("a record of %s: %w", bucket, err)
	}
	return t.Put(bucket, name, cbor.RawMessage(value))
}

func decode(bucket string, value []byte, v any) error {
	if err := decMode.Unmarshal(value, v); err != nil {
		return ErrForeign.With("a record of %s: %w", bucket, err)
	}
	return nil
}
