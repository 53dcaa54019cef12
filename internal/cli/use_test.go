package cli

import (
	"os"
	"strings"
	"testing"
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
		{"murmur network new needs", []string{"network", "new"}},
		{"takes no argument", []string{"timeline", "bob"}},
		{"takes no argument", []string{"demo", "extra"}},
		{"there is none; nothing was queued", []string{"post", "a", "--alt", "a flock"}},
		{"a duration has a unit", []string{"post", "a", "--wait", "5"}},
		{"1 to 1000", []string{"timeline", "-n", "1001"}},
		{"1 to 1000", []string{"timeline", "-n", "0"}},
		// the control: nothing is wrong with it but this
		{"there is no person", []string{"post", "a"}},
	} {
		t.Setenv("MURMUR_HOME", empty)
		_, talk, code := murmurSim(t, c.args...)
		wrong := c.want != "there is no person"
		if !strings.Contains(talk, c.want) || wrong && code != exitUser {
			t.Errorf("murmur %q: code %d, %q; want %q", c.args, code, talk, c.want)
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
