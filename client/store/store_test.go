package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"murmuration/internal/durable"
)

type record struct {
	Text string `cbor:"1,keyasint"`
	N    int    `cbor:"2,keyasint"`
}

func create(t *testing.T, passphrase string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := Create(dir, []byte(passphrase)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func reopen(t *testing.T, dir, passphrase string) *Store {
	t.Helper()
	s, err := Open(dir, []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t *testing.T, s *Store, bucket, name string, v record) {
	t.Helper()
	if err := s.Update(func(tx *Tx) error { return tx.Put(bucket, name, v) }); err != nil {
		t.Fatal(err)
	}
}

func TestRecordsSurviveReopening(t *testing.T) {
	dir := create(t, "")
	s := reopen(t, dir, "")
	for i := range 20 {
		put(t, s, "posts", fmt.Sprintf("%03d", 19-i), record{"hello", i})
	}
	put(t, s, "other", "x", record{"elsewhere", 0})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dir, "")
	err := s.View(func(tx *Tx) error {
		var v record
		if err := tx.Get("posts", "005", &v); err != nil || v != (record{"hello", 14}) {
			t.Errorf("got %+v, %v", v, err)
		}
		for name, want := range map[string]bool{"005": true, "x": false} {
			if has, err := tx.Has("posts", name); err != nil || has != want {
				t.Errorf("has %s: %v, %v", name, has, err)
			}
		}
		if err := tx.Get("posts", "x", &v); !errors.Is(err, ErrNotFound) {
			t.Errorf("a record of another bucket was found: %v", err)
		}
		n := 0
		return Each(tx, "posts", func(name string, v record) error {
			if name != fmt.Sprintf("%03d", n) {
				t.Errorf("record %d is called %s", n, name)
			}
			n++
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// both are the kinds of stores, which behave alike while they are open.
func both(t *testing.T, do func(*testing.T, *Store)) {
	t.Run("disk", func(t *testing.T) { do(t, reopen(t, create(t, ""), "")) })
	t.Run("memory", func(t *testing.T) { do(t, Memory()) })
}

func TestFailedUpdateChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		put(t, s, "a", "kept", record{"kept", 1})
		wanted := errors.New("changed my mind")
		err := s.Update(func(tx *Tx) error {
			err := errors.Join(tx.Put("a", "b", record{}), tx.Delete("a", "kept"))
			if has, _ := tx.Has("a", "b"); err != nil || !has {
				t.Errorf("a transaction does not see its own changes: %v", err)
			}
			return wanted
		})
		if !errors.Is(err, wanted) {
			t.Fatal(err)
		}
		err = s.View(func(tx *Tx) error {
			if err := tx.Get("a", "b", &record{}); !errors.Is(err, ErrNotFound) {
				t.Errorf("half of a failed update was kept: %v", err)
			}
			return tx.Get("a", "kept", &record{})
		})
		if err != nil {
			t.Errorf("half of a failed update was done: %v", err)
		}
	})
}

// TestViewIsOneMoment: what is written meanwhile is not seen, and a view may stand in a view.
func TestViewIsOneMoment(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		put(t, s, "a", "x", record{"before", 1})
		err := s.View(func(tx *Tx) error {
			put(t, s, "a", "x", record{"after", 2})
			put(t, s, "a", "y", record{"new", 3})
			var names []string
			err := Each(tx, "a", func(name string, v record) error {
				names = append(names, name+v.Text)
				return nil
			})
			if len(names) != 1 || names[0] != "xbefore" {
				t.Errorf("seen: %v", names)
			}
			return errors.Join(
				err, s.View(func(tx *Tx) error { return tx.Get("a", "y", &record{}) }),
			)
		})
		if err != nil {
			t.Error(err)
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestClosedStoreSaysSo, whoever comes too late; Badger would panic.
func TestClosedStoreSaysSo(t *testing.T) {
	s := reopen(t, create(t, ""), "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	nothing := func(*Tx) error { return nil }
	if err := s.Update(nothing); !errors.Is(err, errClosed) {
		t.Errorf("an update: %v", err)
	}
	if err := s.View(nothing); !errors.Is(err, errClosed) {
		t.Errorf("a view: %v", err)
	}
}

func TestPassphrase(t *testing.T) {
	dir := create(t, "correct horse")
	for _, wrong := range []string{"", "battery staple"} {
		if _, err := Open(dir, []byte(wrong)); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, err := Open(dir, nil); err == nil || !strings.Contains(err.Error(), "needs one") {
		t.Errorf("without a passphrase it is not said that there is one: %v", err)
	}
	reopen(t, dir, "correct horse")
	if _, err := Open(create(t, ""), []byte("x")); !errors.Is(err, ErrPassphrase) {
		t.Errorf("a passphrase where there is none: %v", err)
	}
}

func TestCreateIsNotOpen(t *testing.T) {
	if _, err := Open(t.TempDir(), nil); !errors.Is(err, errMissing) {
		t.Errorf("opening nothing: %v", err)
	}
	dir := create(t, "")
	key, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := Create(dir, nil); !errors.Is(err, errExists) {
		t.Errorf("creating twice: %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, keyFile)); err != nil ||
		!bytes.Equal(key, after) {
		t.Error("the key changed")
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := create(t, "")
	reopen(t, dir, "")
	_, err := Open(dir, nil)
	var locked *durable.Locked
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Fatalf("a second store: %v", err)
	}
}

// TestDamagedFiles cuts and flips the key file; nothing is overwritten, and the store opens again
// when the file is back.
func TestDamagedFiles(t *testing.T) {
	for _, passphrase := range []string{"", "pw"} {
		dir := create(t, passphrase)
		path := filepath.Join(dir, keyFile)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(good)
		flipped[len(good)-3] ^= 1
		for name, bad := range map[string][]byte{"empty": {}, "short": good[:30],
			"long": append(bytes.Clone(good), 0), "flipped": flipped} {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(dir, []byte(passphrase)); !errors.Is(err, ErrForeign) &&
				!errors.Is(err, ErrPassphrase) {
				t.Errorf("%s: %v, %v", name, s, err)
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, bad) {
				t.Errorf("%s: the file was overwritten", name)
			}
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
		reopen(t, dir, passphrase)
	}
}

func TestExposedKeyIsRefused(t *testing.T) {
	dir := create(t, "")
	path := filepath.Join(dir, keyFile)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, nil); !errors.Is(err, errExposed) {
		t.Errorf("a readable key: %v", err)
	}
}

// TestMovedRecordDoesNotOpen puts one record's sealed value under another's name, as somebody with
// write access to the disk could.
func TestMovedRecordDoesNotOpen(t *testing.T) {
	s := reopen(t, create(t, ""), "")
	put(t, s, "a", "one", record{"one", 1})
	put(t, s, "a", "two", record{"two", 2})
	move := func(from, to string) {
		err := s.db.Update(func(txn *badger.Txn) error {
			item, err := txn.Get(s.sealer.key("a", from))
			if err != nil {
				return err
			}
			value, err := item.ValueCopy(nil)
			if err != nil {
				return err
			}
			return txn.Set(s.sealer.key("a", to), value)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) error {
		return s.View(func(tx *Tx) error { return tx.Get("a", name, &record{}) })
	}
	move("one", "one") // the control: in its own place it opens
	if err := read("one"); err != nil {
		t.Fatal(err)
	}
	move("one", "two")
	if err := read("two"); !errors.Is(err, ErrForeign) {
		t.Errorf("a moved record: %v", err)
	}
}

// TestRollbackIsNoticed puts the records of an earlier moment back, as a damaged log would.
func TestRollbackIsNoticed(t *testing.T) {
	dir := create(t, "")
	s := reopen(t, dir, "")
	put(t, s, "a", "one", record{"one", 1})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(filepath.Join(dir, tables))); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dir, "") // the control: nothing is missing
	put(t, s, "a", "two", record{"two", 2})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, tables)),
		os.CopyFS(filepath.Join(dir, tables), os.DirFS(old))); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, nil); !errors.Is(err, ErrForeign) {
		t.Errorf("records of yesterday: %v", err)
	}
}

// TestDiskShowsNoNames scans every file for what was stored.
func TestDiskShowsNoNames(t *testing.T) {
	dir := create(t, "")
	s := reopen(t, dir, "")
	const secret = "canary-4711-canary-4711"
	put(t, s, secret, secret+"name", record{secret, 1})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(secret)) || bytes.Contains([]byte(path), []byte(secret)) {
			t.Errorf("%s shows it", path)
		}
		files++
		return err
	})
	if err != nil || files < 3 {
		t.Fatalf("%d files, %v", files, err)
	}
}

func TestLargeRecords(t *testing.T) {
	s := reopen(t, create(t, ""), "")
	big := record{Text: string(make([]byte, MaxRecord-200))}
	put(t, s, "a", "big", big)
	err := s.Update(func(tx *Tx) error {
		return tx.Put("a", "bigger", record{Text: string(make([]byte, MaxRecord))})
	})
	if err == nil {
		t.Error("a record above the limit was taken")
	}
}

// TestUpdatesAreSynced looks at what the database was opened with, since nothing short of a power
// cut tells a record that was fsynced from one in the page cache; the power cut itself is `just
// powercut`, of the boxes.
func TestUpdatesAreSynced(t *testing.T) {
	if s := reopen(t, create(t, ""), ""); !s.db.Opts().SyncWrites {
		t.Error("updates return before they are on the disk")
	}
}

// TestAfter runs once the transaction is on the disk, and never if it is not.
func TestAfter(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		var ran []string
		failed := errors.New("no")
		err := s.Update(func(tx *Tx) error {
			tx.After(func() { ran = append(ran, "failed") })
			return failed
		})
		if !errors.Is(err, failed) || ran != nil {
			t.Errorf("after a failure: %v, %v", err, ran)
		}
		look := func(word string) func() {
			return func() {
				if err := s.View(func(tx *Tx) (err error) {
					has, err := tx.Has("b", "n")
					if has {
						ran = append(ran, word)
					}
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		}
		err = s.Update(func(tx *Tx) error {
			tx.After(look("first"))
			tx.After(look("second"))
			return tx.Put("b", "n", 1)
		})
		if err != nil || !slices.Equal(ran, []string{"first", "second"}) {
			t.Errorf("%v, %v", err, ran)
		}
	})
}
