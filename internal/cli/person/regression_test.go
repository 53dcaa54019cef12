package person

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/fault"
	"murmuration/client/photo"
)

// Each test here is of a bug that was there once, with a line of its history.

// History: A photo whose boxes held something else was shown like one that is here.
func TestBadPicturesAreTold(t *testing.T) {
	bad := api.Picture{State: photo.Bad}
	here := api.Picture{State: photo.Here}
	if pictureLine(bad) == pictureLine(here) {
		t.Errorf("both are %q", pictureLine(bad))
	}
}

// History: `network findings --save` said that there was nothing, and then that this is an error.
func TestNothingToSaveIsSaidOnce(t *testing.T) {
	for _, args := range [][]string{nil, {"--save", "x"}} {
		var said bytes.Buffer
		app := &cli.App{Writer: &said, ErrWriter: &said,
			ExitErrHandler: func(*cli.Context, error) {},
			Flags:          networkFindingsCommand().Flags, Action: func(c *cli.Context) error {
				if err := printFindings(c, nil); err != nil || !c.IsSet("save") {
					return err
				}
				return saveEvidence(c, nil)
			}}
		if err := app.Run(append([]string{"murmur"}, args...)); err != nil {
			fmt.Fprintln(&said, err)
		}
		if n := strings.Count(said.String(), "nothing was found"); n != 1 ||
			strings.Count(said.String(), "\n") != 1 {
			t.Errorf("%q: %q", args, &said)
		}
	}
}

// History: Of an entry that was taken back, `outbox show` said that it was handed over and kept.
//
// TestCancelledHasNoCounts: what goes in its place says nothing, and is not counted as it.
func TestCancelledHasNoCounts(t *testing.T) {
	for _, state := range []string{"cancelled", "kept", "expired", "queued"} {
		e := api.Entry{State: state, Boxes: 1, Handed: 1, Stored: 1, Kept: 1}
		said := fmt.Sprint(entryRows(e))
		if counted := strings.Contains(said, "1 of 1, by"); counted == (state == "cancelled") {
			t.Errorf("%s: %s", state, said)
		}
	}
}

// History: An empty --link-file was said to be an empty passphrase.
func TestEmptyLinkFileIsNoPassphrase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(file, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for flag, word := range map[string]string{
		"link-file": "the key is empty", "passphrase-file": "the passphrase is empty",
	} {
		app := &cli.App{ExitErrHandler: func(*cli.Context, error) {},
			Flags: []cli.Flag{passphraseFileFlag, &cli.StringFlag{Name: "link-file"}},
			Action: func(c *cli.Context) error {
				if flag == "link-file" {
					_, err := linkKey(c)
					return err
				}
				_, err := passphrase(c, "")
				return err
			}}
		err := app.Run([]string{"murmur", "--" + flag, file})
		if err == nil || !strings.HasPrefix(err.Error(), word) {
			t.Errorf("--%s: %v", flag, err)
		}
	}
}

// History: `timeline` on a full disk printed the posts, and then failed.
//
// TestReadingNeedsNoRoom: that nothing can be noted is said, and any other failure is one.
func TestReadingNeedsNoRoom(t *testing.T) {
	full := fault.New(fault.Quota, "the disk is nearly full", "")
	broken := fault.New(fault.Internal, "broken", "")
	for _, err := range []error{full, full.With("3 MiB"), broken, nil} {
		var said bytes.Buffer
		app := &cli.App{Writer: &said, ErrWriter: &said,
			ExitErrHandler: func(*cli.Context, error) {},
			Action:         func(c *cli.Context) error { return noted(c, err) }}
		got := app.Run([]string{"murmur"})
		isFull := errors.Is(err, full)
		if isFull && got != nil || !isFull && !errors.Is(got, err) {
			t.Errorf("%v: %v", err, got)
		}
		if strings.Contains(said.String(), "nearly full") != isFull {
			t.Errorf("%v: said %q", err, &said)
		}
	}
}
