package node

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// History: of a home that everybody can write nothing was said.
//
// TestOpenToOthers: the home, its genesis and its configuration are told when others can write
// them.
func TestOpenToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // the bits say nothing there
	}
	home := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	config, documents := filepath.Join(home, "mix.toml"), filepath.Join(home, "documents")
	genesis := filepath.Join(home, genesisFile)
	if err := os.Mkdir(documents, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{config, genesis} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says := func() string {
		var log bytes.Buffer
		TellOpen(home, slog.New(slog.NewTextHandler(&log, nil)))
		return log.String()
	}
	if open := OpenToOthers(home); len(open) > 0 || says() != "" {
		t.Fatalf("control: %q are open", open)
	}
	all := []string{home, documents, genesis, config}
	for _, path := range all {
		info, err := os.Stat(path)
		if err == nil {
			err = os.Chmod(path, info.Mode().Perm()|0o066)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if open := OpenToOthers(home); !slices.Equal(open, all) {
		t.Errorf("%q are open, want %q", open, all)
	}
	if line := says(); !strings.Contains(line, genesis) || !strings.Contains(line, "chmod") {
		t.Errorf("the log says %q", line)
	}
}
