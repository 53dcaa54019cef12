package durable

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTablesWithoutFooterAreRefused(t *testing.T) {
	whole := "block" + "index" + "\x00\x00\x00\x05" + "sum" + "\x00\x00\x00\x03"
	for _, c := range []struct {
		name, content string
		good          bool
	}{
		{"whole", whole, true},
		{"empty", "", false},
		{"cut short", whole[:len(whole)-2], false},
		{"only its end", whole[len(whole)-7:], false},
		{"zeros", string(make([]byte, 4096)), false},
		{"foreign", "root:x:0:0:root:/root:/bin/bash\n", false},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "000001.sst"), []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := CheckTables(dir); (err == nil) != c.good || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := CheckTables(filepath.Join(t.TempDir(), "nothing")); err != nil {
		t.Errorf("no directory: %v", err)
	}
}
