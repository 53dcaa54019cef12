package store

import (
	"maps"
	"slices"
)

// Memory is a store that keeps nothing beyond the process: for people in virtual time. Its
// transactions are those of a store on a disk, without keys and without a disk.
func Memory() *Store {
	return &Store{Free: unlimited, memory: memory{}}
}

func unlimited(string) (uint64, error) { return 1 << 62, nil }

// memory is the records of a store in memory, by bucket and name. What is in a bucket is not
// written to any more: a change puts another bucket in its place.
type memory map[string]map[string][]byte

// update runs write on a copy of the buckets, which takes the place of m when it succeeds.
func (m *memory) update(tx *Tx, write func(*Tx) error) error {
	changed := &overlay{below: *m, above: memory{}}
	tx.records = changed
	if err := write(tx); err != nil {
		return err
	}
	maps.Copy(*m, changed.above)
	return nil
}

// overlay is memory with the changes of one transaction above it: whole buckets, copied when they
// are first written to.
type overlay struct{ below, above memory }

func (o *overlay) bucket(name string) map[string][]byte {
	if b, ok := o.above[name]; ok {
		return b
	}
	return o.below[name]
}

func (o *overlay) writable(name string) map[string][]byte {
	if _, ok := o.above[name]; !ok {
		o.above[name] = map[string][]byte{}
		maps.Copy(o.above[name], o.below[name])
	}
	return o.above[name]
}

func (o *overlay) set(bucket, name string, value []byte) error {
	o.writable(bucket)[name] = slices.Clone(value)
	return nil
}

func (o *overlay) get(bucket, name string) ([]byte, error) {
	value, ok := o.bucket(bucket)[name]
	if !ok {
		return nil, ErrNotFound
	}
	return value, nil
}

func (o *overlay) has(bucket, name string) (bool, error) {
	_, ok := o.bucket(bucket)[name]
	return ok, nil
}

func (o *overlay) delete(bucket, name string) error {
	delete(o.writable(bucket), name)
	return nil
}

func (o *overlay) walk(bucket string, do func(named) error) error {
	for name, value := range maps.Clone(o.bucket(bucket)) {
		if err := do(named{name, value}); err != nil {
			return err
		}
	}
	return nil
}
