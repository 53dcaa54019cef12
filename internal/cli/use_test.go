package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/cli/talk"
)

// TestWrongUseIsSaid: each line is refused for what is wrong with it, before any daemon is asked.
func TestWrongUseIsSaid(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		want string
		args []string
	}{
		{"is not a file", []string{"post", "--photo", os.DevNull}},
		{"is not a file", []string{"post", "--photo", empty}},
		{"is not a scenario", []string{"sim", "run", os.DevNull}},
		{"no command \"bogus\"", []string{"sim", "bogus"}},
		{"not valid UTF-8", []string{"post", "a\xff"}},
		{"not valid UTF-8", []string{"post", "a", "--alt", "\xfe"}},
		{"less than nothing", []string{"post", "a", "--wait", "-1s"}},
		{"is not a number", []string{"feed", "unfollow", "1x"}},
		{"every address of this computer", []string{"network", "new", "--host", "0.0.0.0",
			filepath.Join(empty, "net")}},
		{"every address of this computer", []string{"network", "new", "--host", "::",
			filepath.Join(empty, "net")}},
		{"no node can listen there", []string{"network", "new", "--host", "192.0.2.1",
			filepath.Join(empty, "net")}},
		{"murmur network new needs", []string{"network", "new"}},
		{"takes no argument", []string{"timeline", "bob"}},
		{"takes no argument", []string{"demo", "extra"}},
		{"there is none; nothing was queued", []string{"post", "a", "--alt", "a flock"}},
		{"there is none; nothing was queued", []string{"dm", "ben", "a", "--alt", "a flock"}},
		{"there is none; nothing was queued", []string{"post", "a", "--closes", "1h"}},
		{"a duration has a unit", []string{"post", "a", "--wait", "5"}},
		{"1 to 1000", []string{"timeline", "-n", "1001"}},
		{"1 to 1000", []string{"timeline", "-n", "0"}},
		{"less than nothing", []string{"sim", "verify", "--workers", "-1"}},
		{"not valid UTF-8", []string{"circle", "new", "a\xff"}},
		{"not valid UTF-8", []string{"profile", "set", "--name", "a\xff"}},
		{"not valid UTF-8", []string{"post", "a", "--poll", "b", "--poll", "c\xff"}},
		{"there is no person", []string{"export", "a\xff"}},
		{"--circle is empty; see", []string{"post", "for some alone", "--circle", ""}},
		{"--circle is empty", []string{"post", "x", "--circle", "a", "--circle", " "}},
		{"--name is empty; see", []string{"init", "--network", "x", "--name", ""}},
		// the control: nothing is wrong with it but this
		{"there is no person", []string{"post", "a"}},
	} {
		t.Setenv("MURMUR_HOME", empty)
		_, said, code := murmurSim(t, c.args...)
		wrong := c.want != "there is no person"
		if !strings.Contains(said, c.want) || wrong && code != talk.ExitUser {
			t.Errorf("murmur %q: code %d, %q; want %q", c.args, code, said, c.want)
		}
	}
}

// TestHomeThatIsAFile is said to be none, not to lack a daemon.
func TestHomeThatIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "home")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, said, code := murmurSim(t, "post", "--home", file, "a")
	if !strings.Contains(said, "is no directory") || strings.Contains(said, "no daemon") {
		t.Errorf("code %d, %q", code, said)
	}
}

// TestHelpIsAboutTheCommand: wherever it is asked for, and never about an argument.
func TestHelpIsAboutTheCommand(t *testing.T) {
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{talk.ExitDone, "murmur post - queue", []string{"post", "hi", "-h"}},
		{talk.ExitDone, "murmur post - queue", []string{"post", "-h", "hi", "--alt", "x"}},
		{talk.ExitDone, "murmur mix init - make", []string{"mix", "init", "here", "--help"}},
		{talk.ExitUser, "has no command \"bogus\"", []string{"sim", "bogus", "--help"}},
		{talk.ExitUser, "no command \"bogus\"", []string{"bogus", "--help"}},
		{talk.ExitUser, "needs --home", []string{"mix", "init", "--name", "help"}},
	} {
		out, said, code := murmurSim(t, c.args...)
		if code != c.code || !strings.Contains(out+said, c.want) {
			t.Errorf("murmur %q: code %d, %q", c.args, code, out+said)
		}
	}
}

// TestWaitingForInputStops: one Ctrl-C is enough, even if nothing ever comes.
func TestWaitingForInputStops(t *testing.T) {
	silent, _ := io.Pipe()
	for _, args := range [][]string{
		{"post", "-"}, {"feed", "follow", "-"}, {"wipe"},
	} {
		home := t.TempDir()
		if err := os.Mkdir(filepath.Join(home, "store"), 0o700); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		code := Run(ctx, append(args, "--home", home),
			Streams{In: silent, Out: io.Discard, Err: io.Discard})
		if code != 130 {
			t.Errorf("murmur %q ended with %d", args, code)
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
