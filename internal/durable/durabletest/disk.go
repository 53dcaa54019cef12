// Package durabletest has a file in memory whose power can be cut: what was not fsynced is lost, or
// survives in part and out of order, as on a real disk.
package durabletest

import (
	"io"
	"math/rand/v2"
)

// sector is the unit in which unsynced writes survive or vanish, in bytes.
const sector = 512

// File is a durable.File in memory. It is used by one goroutine at a time.
type File struct {
	NoSync bool  // Sync reports success and does nothing: the control of a durability test
	Fail   error // when set, WriteAt and Sync return it

	cache, disk []byte
	Syncs       int // counts the calls of Sync
}

// New returns a file with this content on its disk.
func New(content []byte) *File {
	return &File{cache: append([]byte(nil), content...), disk: append([]byte(nil), content...)}
}

// Size is the length that a reader sees now.
func (f *File) Size() int64 { return int64(len(f.cache)) }

// Bytes is what a reader sees now; changing it changes the file behind every Sync's back.
func (f *File) Bytes() []byte { return f.cache }

func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(f.cache)) {
		return 0, io.EOF
	}
	n := copy(p, f.cache[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *File) WriteAt(p []byte, off int64) (int, error) {
	if f.Fail != nil {
		return 0, f.Fail
	}
	f.cache = resized(f.cache, max(int64(len(f.cache)), off+int64(len(p))))
	return copy(f.cache[off:], p), nil
}

func (f *File) Truncate(size int64) error {
	f.cache = resized(f.cache, size)
	return nil
}

func resized(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

func (f *File) Sync() error {
	f.Syncs++
	if f.Fail != nil {
		return f.Fail
	}
	if !f.NoSync {
		f.disk = append(f.disk[:0], f.cache...)
	}
	return nil
}

// Close does nothing, so that a test can look at the file afterwards.
func (f *File) Close() error { return nil }

// Cut is the power cut: it returns the file as the next start finds it. Each unsynced sector
// reached the disk or not by a coin of rng, and the new length did too; a nil rng loses them all.
func (f *File) Cut(rng *rand.Rand) *File {
	if rng == nil {
		return New(f.disk)
	}
	left := append([]byte(nil), f.disk...)
	if rng.IntN(2) == 0 {
		left = resized(left, int64(len(f.cache)))
	}
	for at := 0; at < len(left) && at < len(f.cache); at += sector {
		if rng.IntN(2) == 0 {
			copy(left[at:min(at+sector, len(left))], f.cache[at:])
		}
	}
	return New(left)
}
