package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/crypto/chacha20poly1305"
)

// TestDeletedRecordIsGone, its neighbours stay, and so it is after the transaction.
func TestDeletedRecordIsGone(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		put(t, s, "a", "kept", record{"kept", 1})
		put(t, s, "a", "gone", record{"gone", 2})
		put(t, s, "b", "gone", record{"another bucket's", 3})
		err := s.Update(func(tx *Tx) error {
			return errors.Join(tx.Delete("a", "gone"), tx.Delete("a", "never there"))
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.View(func(tx *Tx) error {
			if has, err := tx.Has("a", "gone"); has || err != nil {
				t.Errorf("has it still: %v, %v", has, err)
			}
			if err := tx.Get("a", "gone", &record{}); !errors.Is(err, ErrNotFound) {
				t.Errorf("%v", err)
			}
			return errors.Join(tx.Get("a", "kept", &record{}), tx.Get("b", "gone", &record{}))
		})
		if err != nil {
			t.Errorf("its neighbours: %v", err)
		}
	})
}

// TestSealsDiffer: the same record twice has other bytes each time, and two homes have two keys.
func TestSealsDiffer(t *testing.T) {
	s := newSealer(dataKey{1}.derive())
	key := s.key("a", "x")
	one, two := s.seal(key, []byte("hello")), s.seal(key, []byte("hello"))
	if bytes.Equal(one[:chacha20poly1305.NonceSizeX], two[:chacha20poly1305.NonceSizeX]) {
		t.Error("one nonce was used twice")
	}
	for _, sealed := range [][]byte{one, two} {
		if plain, err := s.open(key, sealed); err != nil || string(plain) != "hello" {
			t.Errorf("the control: %q, %v", plain, err)
		}
	}
	dir := t.TempDir()
	a, err1 := newKey(filepath.Join(dir, "a"), nil)
	b, err2 := newKey(filepath.Join(dir, "b"), nil)
	if err := errors.Join(err1, err2); err != nil || a == b || a == (dataKey{}) {
		t.Errorf("two homes have the same key: %v", err)
	}
	w1, err1 := a.wrap([]byte("pw"))
	w2, err2 := a.wrap([]byte("pw"))
	salted := len(magic) + 1
	if err := errors.Join(err1, err2); err != nil ||
		bytes.Equal(w1[salted:salted+saltSize], w2[salted:salted+saltSize]) {
		t.Errorf("one salt was used twice: %v", err)
	}
}

// TestRecordOfTheLargestSize has MaxRecord bytes with its seal, and not one more.
func TestRecordOfTheLargestSize(t *testing.T) {
	s := reopen(t, create(t, ""), "")
	over := chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
	set := func(n int) error {
		return s.Update(func(tx *Tx) error {
			value := append([]byte{0x5a, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)},
				make([]byte, n)...) // a CBOR byte string
			return tx.records.set("a", "x", value)
		})
	}
	named := 1 + 1 + 2 + 1 + 5 // map, key, name "x", key, head of the value
	largest := MaxRecord - over - named
	if err := set(largest + 1); err == nil {
		t.Error("a byte more was taken")
	}
	if err := set(largest); err != nil {
		t.Errorf("%d bytes: %v", largest, err)
	}
}

// TestDamagedValuesAreNoRecords, however short, and wherever they are met.
func TestDamagedValuesAreNoRecords(t *testing.T) {
	s := reopen(t, create(t, ""), "")
	for _, n := range []int{0, 5, 23, 24, 39, 60} {
		err := s.db.Update(func(txn *badger.Txn) error {
			return txn.Set(s.sealer.key("a", "x"), make([]byte, n))
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.View(func(tx *Tx) error { return tx.Get("a", "x", &record{}) })
		if !errors.Is(err, ErrForeign) {
			t.Errorf("%d bytes: %v", n, err)
		}
		err = s.View(func(tx *Tx) error {
			return Each(tx, "a", func(string, record) error { return nil })
		})
		if !errors.Is(err, ErrForeign) {
			t.Errorf("%d bytes in a list: %v", n, err)
		}
	}
	key := s.sealer.key("a", "x")
	err := s.db.Update(func(txn *badger.Txn) error {
		return txn.Set(key, s.sealer.seal(key, []byte("no record")))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.View(func(tx *Tx) error { return tx.Get("a", "x", &record{}) }); err == nil {
		t.Error("sealed garbage was read as a record")
	}
}

// TestRecordOfAnotherTypeIsForeign: a value that does not decode is said, and ends a listing.
func TestRecordOfAnotherTypeIsForeign(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		put(t, s, "a", "x", record{"hello", 1})
		err := s.View(func(tx *Tx) error { var n int; return tx.Get("a", "x", &n) })
		if !errors.Is(err, ErrForeign) {
			t.Errorf("%v", err)
		}
		err = s.View(func(tx *Tx) error {
			return Each(tx, "a", func(string, int) error { t.Error("given"); return nil })
		})
		if !errors.Is(err, ErrForeign) {
			t.Errorf("in a list: %v", err)
		}
		stop := errors.New("enough")
		err = s.View(func(tx *Tx) error {
			return Each(tx, "a", func(string, record) error { return stop })
		})
		if !errors.Is(err, stop) {
			t.Errorf("who lists has enough: %v", err)
		}
		if err := s.Update(func(tx *Tx) error { return tx.Put("a", "y", func() {}) }); err == nil {
			t.Error("a function was written as a record")
		}
	})
}

// TestUpdatesOfOneBucketAdd: the second leaves what the first has written.
func TestUpdatesOfOneBucketAdd(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		for i, text := range []string{"one", "two"} {
			put(t, s, "a", text, record{text, i})
		}
		var texts []string
		err := s.View(func(tx *Tx) error {
			return Each(tx, "a", func(_ string, r record) error {
				texts = append(texts, r.Text)
				return nil
			})
		})
		if err != nil || len(texts) != 2 || texts[0] != "one" {
			t.Errorf("after two updates of one bucket: %v, %v", texts, err)
		}
	})
}

// TestKeyFilesOfOthers are foreign, with a checksum that fits or without.
func TestKeyFilesOfOthers(t *testing.T) {
	summed := func(head string, mode byte) []byte {
		file := append([]byte(head), mode)
		file = append(file, make([]byte, 32)...)
		sum := sha256.Sum256(file)
		return append(file, sum[:]...)
	}
	path := filepath.Join(t.TempDir(), "key")
	read := func(file []byte) error {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readKey(path, nil)
		return err
	}
	other := "another program v1\n\x00\x00"[:len(magic)]
	later := append([]byte(magic), make([]byte, passSize-len(magic))...)
	later[len(magic)] = 5
	for name, file := range map[string][]byte{
		"another magic": summed(other, modePlain), "another mode": summed(magic, 7),
		"another way to wrap": later, "the magic alone": []byte(magic),
	} {
		if err := read(file); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := read(summed(magic, modePlain)); err != nil {
		t.Errorf("the control: %v", err)
	}
	if _, err := readKey(filepath.Dir(path), nil); err == nil || errors.Is(err, ErrForeign) {
		t.Errorf("a directory in place of a key: %v", err)
	}
}

// TestStoreIsMadeInOneDirectory of its own, and what stands in the way is left as it is.
func TestStoreIsMadeInOneDirectory(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, []byte("mine"))
	for _, at := range []string{file, filepath.Join(file, "below")} {
		if err := Create(at, nil); err == nil {
			t.Errorf("a store was made at %s", at)
		}
	}
	if err := Create(dir, nil); !errors.Is(err, errExists) {
		t.Errorf("beside another file: %v", err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "mine" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestHalfAStoreIsForeign: with its key, and without its records or its mark.
func TestHalfAStoreIsForeign(t *testing.T) {
	for _, part := range []string{tables, markFile} {
		dir := create(t, "")
		if err := os.RemoveAll(filepath.Join(dir, part)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, nil); !errors.Is(err, ErrForeign) {
			t.Errorf("without %s: %v", part, err)
		}
		if err := os.Remove(filepath.Join(dir, keyFile)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, nil); !errors.Is(err, errMissing) {
			t.Errorf("without its key: %v", err)
		}
	}
}

// FuzzOpenRecord opens foreign bytes under a key of this store.
func FuzzOpenRecord(f *testing.F) {
	s := newSealer(dataKey{1}.derive())
	key := s.key("a", "x")
	f.Add(s.seal(key, []byte("hello")))
	f.Add(make([]byte, 40))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		plain, err := s.open(key, b)
		if err == nil && string(plain) != "hello" {
			t.Fatalf("opened %q", plain)
		}
		if err != nil && !errors.Is(err, ErrForeign) {
			t.Fatal(err)
		}
	})
}

// TestKeysNameNothing: under Badger's own encryption, what a record is called does not stand in its
// key, and two homes call it differently.
func TestKeysNameNothing(t *testing.T) {
	one, two := newSealer(dataKey{1}.derive()), newSealer(dataKey{2}.derive())
	key := one.key("contacts", "ada lovelace")
	if bytes.Contains(key, []byte("ada")) || bytes.Contains(key, []byte("contacts")) ||
		len(key) != bucketSize+nameSize || bytes.Equal(key, two.key("contacts", "ada lovelace")) {
		t.Errorf("%q", key)
	}
	if !bytes.Equal(key, one.key("contacts", "ada lovelace")) ||
		!bytes.HasPrefix(key, one.prefix("contacts")) {
		t.Error("control: a name has two keys, or one outside of its bucket")
	}
}
