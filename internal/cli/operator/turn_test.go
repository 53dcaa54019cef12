package operator

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/durable"
)

// History: of founders who entered at one moment in one file two were lost, and all were told that
// they are in it.
//
// TestFoundersEnterInTurn: whoever is told to be in the document is in it; whoever meets another
// command at it is told to come again.
func TestFoundersEnterInTurn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "flock")
	enter := func(i int, more ...string) error {
		name := fmt.Sprintf("founder-%d", i)
		return run([]*cli.Command{networkFoundCommand()}, append(append([]string{"found"}, more...),
			"--home", filepath.Join(dir, name), "--name", name,
			"--address", fmt.Sprintf("127.0.0.1:%d", 9101+i), path)...)
	}
	if err := enter(0, "--label", "flock", "--founders", "5", "--preset", "fast"); err != nil {
		t.Fatal(err)
	}
	held, err := durable.Turn(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := enter(1); codeOf(err) != talk.ExitLocked || !strings.Contains(err.Error(), path) {
		t.Errorf("while another command is at it: %v", err)
	}
	if err := held.Over(); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 4; i++ {
		if err := enter(i); err != nil {
			t.Errorf("founder %d: %v", i, err)
		}
	}
	f, err := readFounding(path)
	if err != nil || len(f.Founders) != 4 {
		t.Errorf("%d founders are in the document, %v", len(f.Founders), err)
	}
	if _, err := os.Stat(path + ".lock"); !os.IsNotExist(err) &&
		runtime.GOOS != "windows" { // where an open file is not removed
		t.Errorf("a lock stays beside it: %v", err)
	}
}
