package store

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/argon2"
)

// asBuilt is what the program stretches with.
var asBuilt func(passphrase, salt []byte) []byte

// TestMain stretches passphrases quickly: TestStretch alone takes the time that it takes people.
func TestMain(m *testing.M) {
	asBuilt = stretch
	stretch = func(passphrase, salt []byte) []byte {
		return argon2.IDKey(passphrase, salt, 1, 8, 1, 32)
	}
	m.Run()
}

// TestStretch holds the key that is made of a passphrase: homes that are there must open.
func TestStretch(t *testing.T) {
	const want = "2f56f5363a695288ff28810e46ad69a1fe3068bc6494cd26a8a673b7d9c2b0a2"
	key := asBuilt([]byte("correct horse"), []byte("0123456789abcdef"))
	if got := hex.EncodeToString(key); got != want {
		t.Errorf("the passphrase makes %s", got)
	}
}

// TestKeyPermissions: a plain key with a permission for anybody else is refused; a wrapped one may
// lie open.
func TestKeyPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	for _, passphrase := range []string{"", "pw"} {
		made, err := newKey(path, []byte(passphrase))
		if err != nil {
			t.Fatal(err)
		}
		for mode, exposed := range map[fs.FileMode]bool{
			0o600: false, 0o400: false, 0o601: true, 0o610: true, 0o640: true, 0o604: true,
		} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			k, err := readKey(path, []byte(passphrase))
			if exposed && passphrase == "" {
				if !errors.Is(err, errExposed) || k != (dataKey{}) {
					t.Errorf("mode %o: %v", mode, err)
				}
			} else if err != nil || k != made {
				t.Errorf("mode %o under %q: %v", mode, passphrase, err)
			}
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeyThatCannotBeWrittenIsNone: nobody may seal under it.
func TestKeyThatCannotBeWrittenIsNone(t *testing.T) {
	if _, err := newKey(filepath.Join(t.TempDir(), "nowhere", "key"), nil); err == nil {
		t.Error("a key without its file")
	}
	if err := private(filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there is private: %v", err)
	}
}

// TestDamagedKeyDoesNotOpen, whichever byte of the file was changed.
func TestDamagedKeyDoesNotOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	for _, passphrase := range []string{"", "pw"} {
		if _, err := newKey(path, []byte(passphrase)); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := range whole {
			damaged := bytes.Clone(whole)
			damaged[at] ^= 0x41
			write(t, path, damaged)
			k, err := readKey(path, []byte(passphrase))
			if !errors.Is(err, ErrForeign) && !errors.Is(err, ErrPassphrase) || k != (dataKey{}) {
				t.Errorf("byte %d flipped under %q: %v", at, passphrase, err)
			}
		}
	}
}

// FuzzReadKey reads foreign key files, without a passphrase, so that no stretching slows it down:
// nothing but what wrap writes gives a key.
func FuzzReadKey(f *testing.F) {
	key := dataKey{1, 2, 3}
	plain, err := key.wrap(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add(plain[:len(plain)-1])
	f.Add([]byte(magic))
	f.Add(append([]byte(magic), modePass))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, file []byte) {
		path := filepath.Join(dir, "key")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := readKey(path, nil)
		if err != nil {
			return
		}
		if again, err := k.wrap(nil); err != nil || string(again) != string(file) {
			t.Fatalf("a second spelling of a key was taken: %v", err)
		}
	})
}

func TestKeysOfOneHomeDiffer(t *testing.T) {
	d := dataKey{7}.derive()
	if d.badger == d.value || d.value == d.name || d.name == d.badger ||
		d != (dataKey{7}).derive() {
		t.Error("derived keys must be fixed, and differ")
	}
}
