package store

import (
	"os"
	"path/filepath"
	"testing"
)

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
