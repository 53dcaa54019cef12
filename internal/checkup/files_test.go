package checkup

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// History: a doctor said that a home which everybody can write is well.
func TestHomeOpenToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // where rights are something else
	}
	home := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	genesis := filepath.Join(home, "genesis")
	if err := os.WriteFile(genesis, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	of := func() Finding {
		return Examine(t.Context(), Subject{Home: home})[0]
	}
	if f := of(); f.Name != "home" || !f.OK {
		t.Fatalf("control: %+v", f)
	}
	if err := os.Chmod(genesis, 0o666); err != nil {
		t.Fatal(err)
	}
	if f := of(); f.Name != "home" || f.OK || !strings.Contains(f.Says, genesis) {
		t.Errorf("%+v", f)
	}
}
