package talk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"
)

// edit lets the person write in their editor: in a file and a directory that only they can read, in
// memory where the system says where that is. What the editor leaves there is overwritten and
// removed; what it keeps in other places is the editor's.
func edit(c *cli.Context) (text string, err error) {
	dir, err := os.MkdirTemp(os.Getenv("XDG_RUNTIME_DIR"), "murmur-")
	if err != nil {
		return "", Fail(ExitUser, fmt.Errorf("making a private place to write in: %w", err),
			"Set XDG_RUNTIME_DIR or TMPDIR to a directory of yours with room.")
	}
	defer func() { err = errors.Join(err, shred(dir)) }()
	file := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return "", Fail(ExitUser, fmt.Errorf("making a private file to write in: %w", err),
			"Is the disk full?")
	}
	run := exec.CommandContext(c.Context, shell[0], append(shell[1:], editing(editor(),
		file)...)...)
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, c.App.ErrWriter, c.App.ErrWriter
	if err := run.Run(); err != nil {
		if c.Context.Err() != nil {
			return "", c.Context.Err()
		}
		return "", Fail(ExitUser, fmt.Errorf("the editor %q: %w", editor(), err),
			"Set VISUAL or EDITOR to one that works; nothing was done.")
	}
	raw, err := readText(file)
	return strings.TrimRight(strings.ReplaceAll(raw, "\r\n", "\n"), "\n"), err
}

func readText(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", Fail(ExitUser, fmt.Errorf("reading what the editor wrote: %w", err), "")
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err == nil && len(raw) > maxText {
		err = errLong()
	}
	return string(raw), err
}

// shred overwrites every file below a directory, and removes it.
func shred(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return overwrite(path)
	})
	return errors.Join(err, os.RemoveAll(dir))
}

func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = io.CopyN(f, zeros{}, info.Size())
	}
	return errors.Join(err, f.Sync(), f.Close())
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
