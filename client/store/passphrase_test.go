package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"murmuration/client/fault"
	"murmuration/internal/durable"
)

// TestPassphraseIsChanged: to another one, to none and back; the old one opens nothing any more,
// and a wrong one changes nothing.
func TestPassphraseIsChanged(t *testing.T) {
	dir := create(t, "")
	s := reopen(t, dir, "")
	put(t, s, "a", "one", record{"kept", 1})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	old := ""
	for _, fresh := range []string{"first", "second", "", "third"} {
		before := keyOf(t, dir)
		if err := Rewrap(dir, []byte("wrong"), []byte(fresh)); !errors.Is(err, ErrPassphrase) {
			t.Errorf("under a wrong passphrase: %v", err)
		}
		if !bytes.Equal(before, keyOf(t, dir)) {
			t.Error("a wrong passphrase changed the key file")
		}
		if err := Rewrap(dir, []byte(old), []byte(fresh)); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(dir, []byte(old)); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q opens after %q took its place: %v, %v", old, fresh, s, err)
		}
		s := reopen(t, dir, fresh)
		var v record
		err := s.View(func(tx *Tx) error { return tx.Get("a", "one", &v) })
		if err := errors.Join(err, s.Close()); err != nil || v.Text != "kept" {
			t.Fatalf("under %q: %+v, %v", fresh, v, err)
		}
		old = fresh
	}
}

func keyOf(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPassphraseOfAnOpenStoreIsNotChanged, nor that of none.
func TestPassphraseOfAnOpenStoreIsNotChanged(t *testing.T) {
	dir := create(t, "")
	s := reopen(t, dir, "")
	var locked *durable.Locked
	if err := Rewrap(dir, nil, []byte("x")); !errors.As(err, &locked) {
		t.Errorf("while it is open: %v", err)
	}
	if err := Wipe(dir); !errors.As(err, &locked) {
		t.Errorf("wiping an open store: %v", err)
	}
	if err := errors.Join(s.Close(), Rewrap(dir, nil, []byte("x"))); err != nil {
		t.Errorf("the control: %v", err)
	}
	if err := Rewrap(t.TempDir(), nil, nil); !errors.Is(err, errMissing) {
		t.Errorf("of no store: %v", err)
	}
}

// TestKilledWhileChangingThePassphrase: between any two steps of writing the key file, what is
// there opens under the old passphrase or under the new one. The steps of the replacement itself
// are durable's, and tested there.
func TestKilledWhileChangingThePassphrase(t *testing.T) {
	dir := create(t, "old")
	key, err := readKey(filepath.Join(dir, keyFile), []byte("old"))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := key.wrap([]byte("new"))
	if err != nil {
		t.Fatal(err)
	}
	opens := func(passphrase string) bool {
		s, err := Open(dir, []byte(passphrase))
		return err == nil && s.Close() == nil
	}
	part := filepath.Join(dir, ".key.123.tmp")
	for _, n := range []int{0, 1, len(fresh) / 2, len(fresh)} { // written, and not renamed yet
		write(t, part, fresh[:n])
		if !opens("old") || opens("new") {
			t.Errorf("after %d bytes of the new file", n)
		}
	}
	write(t, part, fresh)
	if err := os.Rename(part, filepath.Join(dir, keyFile)); err != nil {
		t.Fatal(err)
	}
	if opens("old") || !opens("new") {
		t.Error("after the rename")
	}
	for name, next := range map[string]func() error{ // what is left goes with the next of these
		"change": func() error { return Rewrap(dir, []byte("new"), []byte("new")) },
		"start": func() error {
			if !opens("new") {
				return ErrPassphrase
			}
			return nil
		},
	} {
		write(t, part, fresh[:9])
		if err := next(); err != nil {
			t.Fatal(err)
		}
		if left := unfinishedKeys(dir); len(left) > 0 {
			t.Errorf("after a %s there are %v", name, left)
		}
	}
}

// History: Whoever opened a home after a change of the passphrase that had got no further than
// giving the key file a second name, as when it was killed or the disk was full, erased its key.
//
// TestKilledBeforeTheNewKeyIsThere: the old passphrase opens, and the second name is gone; by the
// next change as well.
func TestKilledBeforeTheNewKeyIsThere(t *testing.T) {
	for name, next := range map[string]func(dir string) error{
		"start": func(dir string) error {
			s, err := Open(dir, []byte("old"))
			if err == nil {
				err = s.Close()
			}
			return err
		},
		"change": func(dir string) error { return Rewrap(dir, []byte("old"), []byte("old")) },
	} {
		dir := create(t, "old")
		old := filepath.Join(dir, ".key.old.tmp")
		if err := os.Link(filepath.Join(dir, keyFile), old); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := next(dir); err != nil {
				t.Errorf("a %s: %v", name, err)
			}
		}
		if left := unfinishedKeys(dir); len(left) > 0 {
			t.Errorf("after a %s there are %v", name, left)
		}
	}
}

// TestOldKeyIsOverwritten, so that its blocks do not lie on the disk for whoever knows the old
// passphrase.
func TestOldKeyIsOverwritten(t *testing.T) {
	dir := create(t, "")
	held, err := os.Open(filepath.Join(dir, keyFile)) // its blocks, by no name
	if err != nil {
		t.Fatal(err)
	}
	if err := Rewrap(dir, nil, []byte("pw")); err != nil {
		t.Fatal(err)
	}
	blocks := make([]byte, plainSize)
	if _, err := held.Read(blocks); err != nil || !bytes.Equal(blocks, make([]byte, plainSize)) {
		t.Errorf("the blocks of the old key: %x, %v", blocks, err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestWipeTakesTheKeyFirst: whatever else is left of a wipe that was cut short, in any order, no
// passphrase opens it, and wiping again ends it.
func TestWipeTakesTheKeyFirst(t *testing.T) {
	for _, passphrase := range []string{"", "pw"} {
		dir := create(t, passphrase)
		key := keyOf(t, dir)
		write(t, filepath.Join(dir, ".key.7.tmp"), key)
		stuck := filepath.Join(dir, tables, "stuck")
		if err := os.Mkdir(stuck, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(stuck, "file"), nil)
		if err := os.Chmod(stuck, 0o500); err != nil {
			t.Fatal(err)
		}
		held, err := os.Open(filepath.Join(dir, keyFile)) // as a disk's blocks would be read later
		if err != nil {
			t.Fatal(err)
		}
		err = Wipe(dir)
		if os.Getuid() != 0 && err == nil { // nothing stops root
			t.Error("the control: the wipe was not cut short")
		}
		for _, name := range []string{keyFile, ".key.7.tmp"} {
			if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left: %v", name, err)
			}
		}
		blocks := make([]byte, len(key))
		if n, _ := held.Read(blocks); bytes.Contains(blocks[:n], key[len(magic)+1:len(magic)+9]) {
			t.Error("the blocks of the key were not overwritten")
		}
		if s, err := Open(dir, []byte(passphrase)); !errors.Is(err, errMissing) {
			t.Errorf("what is left opens: %v, %v", s, err)
		}
		_ = os.Chmod(stuck, 0o700) // gone, for root
		if err := errors.Join(held.Close(), Wipe(dir), Wipe(dir)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("something is left: %v", err)
		}
	}
}

// TestHintsOfPassphrases: a person who cannot go on is told what to do.
func TestHintsOfPassphrases(t *testing.T) {
	err := Rewrap(create(t, "a"), []byte("b"), nil)
	if fault.Of(err).Hint() == "" {
		t.Errorf("%v", err)
	}
}
