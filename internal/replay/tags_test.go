package replay

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"murmuration/internal/durable"
)

func tagNumber(n int) (tag Tag) {
	mixed := uint64(n+1) * 0x9e3779b97f4a7c15
	binary.BigEndian.PutUint64(tag[:], mixed)
	binary.BigEndian.PutUint64(tag[8:], (mixed^mixed>>29)*0xbf58476d1ce4e5b9)
	return tag
}

// TestTagsGrow: the chain knows every tag that it took, through all its sets, takes as many as it
// may, and then fails closed; what it knows it still knows.
func TestTagsGrow(t *testing.T) {
	const limit = 1000
	tags := NewTags(NewSet(3, Secret{}), limit, Secret{1})
	for n := range limit {
		if fresh, err := tags.Add(tagNumber(n)); !fresh || err != nil {
			t.Fatalf("tag %d of %d: fresh %v, %v", n, limit, fresh, err)
		}
		for _, old := range []int{0, n / 2, n} {
			if fresh, err := tags.Add(tagNumber(old)); fresh || err != nil {
				t.Fatalf("tag %d after %d others: fresh %v, %v", old, n, fresh, err)
			}
		}
	}
	if _, err := tags.Add(tagNumber(limit)); !errors.Is(err, ErrFull) {
		t.Errorf("one tag too many: %v", err)
	}
	if fresh, err := tags.Add(tagNumber(limit - 1)); fresh || err != nil {
		t.Errorf("the last tag in a full set: fresh %v, %v", fresh, err)
	}
	if tags.Len() != limit || tags.Capacity() != limit {
		t.Errorf("%d of %d", tags.Len(), tags.Capacity())
	}
}

// TestTagsWithALowerLimit: more in the journal than the operator allows now is no error; nothing
// fresh is taken.
func TestTagsWithALowerLimit(t *testing.T) {
	set := NewSet(10, Secret{})
	for n := range 5 {
		if _, err := set.Add(tagNumber(n)); err != nil {
			t.Fatal(err)
		}
	}
	tags := NewTags(set, 3, Secret{})
	if fresh, err := tags.Add(tagNumber(4)); fresh || err != nil {
		t.Errorf("a tag that is there: fresh %v, %v", fresh, err)
	}
	if _, err := tags.Add(tagNumber(7)); !errors.Is(err, ErrFull) {
		t.Errorf("a fresh tag: %v", err)
	}
}

// TestOpenTags: what the journal has is known after a restart, and the limit is the operator's.
func TestOpenTags(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if _, _, err := OpenTags(path, 10, chacha(1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a journal that is not there: %v", err)
	}
	const n = firstTags + 100 // more than fits into the first set of a fresh journal
	j, s, err := Open(path, n, chacha(1))
	if err != nil {
		t.Fatal(err)
	}
	write(t, j, s, 0, n)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, tags, err := OpenTags(path, n+1, chacha(2))
	if err != nil || tags.Len() != n || tags.Capacity() != n+1 {
		t.Fatalf("opened: %v", err)
	}
	for _, old := range []int{0, firstTags, n - 1} {
		if fresh, err := tags.Add(tag(old)); fresh || err != nil {
			t.Errorf("tag %d: fresh %v, %v", old, fresh, err)
		}
	}
	if fresh, err := tags.Add(tag(n)); !fresh || err != nil {
		t.Errorf("one more: fresh %v, %v", fresh, err)
	}
	if _, err := tags.Add(tag(n + 1)); !errors.Is(err, ErrFull) {
		t.Errorf("one above the limit: %v", err)
	}
	if err := errors.Join(j.Append(tag(n)), j.Sync(), j.Close()); err != nil {
		t.Fatal(err)
	}
	if _, tags, err = OpenTags(path, 1, chacha(3)); err != nil || tags.Len() != n+1 {
		t.Errorf("opened again: %v", err)
	}
	if err := os.WriteFile(path, []byte("these are somebody's notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenTags(path, 10, chacha(1)); !errors.Is(err, durable.ErrForeign) {
		t.Errorf("a foreign file: %v", err)
	}
}

const million = 1_000_000

// BenchmarkTags is the look-up and insertion of fresh tags up to a million, growth included.
func BenchmarkTags(b *testing.B) {
	tags := NewTags(NewSet(firstTags, Secret{}), million, Secret{})
	for n := range b.N {
		if n%million == 0 {
			tags = NewTags(NewSet(firstTags, Secret{}), million, Secret{})
		}
		if _, err := tags.Add(tagNumber(n)); err != nil {
			b.Fatal(err)
		}
	}
}
