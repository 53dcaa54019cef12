package manual

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// tree is small, and has what can go wrong: quotes, colons, files, aliases, what is hidden.
func tree() []*cli.Command {
	return []*cli.Command{
		{Name: "feed", Usage: "it's open: read", Subcommands: []*cli.Command{
			{Name: "follow", Usage: "read `one`", ArgsUsage: "LINK", Flags: []cli.Flag{
				&cli.StringFlag{Name: "name", Usage: "a `WORD` of yours"},
				&cli.BoolFlag{Name: "json", Usage: "it's JSON"},
			}},
			{Name: "list", Usage: "all"},
		}},
		{Name: "post", Usage: "say", ArgsUsage: "[TEXT]", Description: "First.\n\nExamples:\n" +
			"   murmur post --photo 'a.jpg'\n.not a request", Flags: []cli.Flag{
			&cli.StringFlag{Name: "photo", Aliases: []string{"p"}, Usage: "a picture `FILE`"},
		}},
		{Name: "admit", Usage: "take", ArgsUsage: "FILE"},
		{Name: "secret", Usage: "none", Hidden: true},
	}
}

// complete asks a real bash what it offers for the last word of a line.
func complete(t *testing.T, script, dir string, line ...string) []string {
	t.Helper()
	ask := script + "\nCOMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _murmur\n" +
		"printf '%s\\n' \"${COMPREPLY[@]}\""
	run := exec.CommandContext(t.Context(), "bash", append([]string{"-c", ask, "bash"}, line...)...)
	run.Dir = dir
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	offered := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	slices.Sort(offered)
	return slices.DeleteFunc(offered, func(s string) bool { return s == "" })
}

// TestBashCompletes commands, options and files, at every level.
func TestBashCompletes(t *testing.T) {
	script, known := Completion("bash", "murmur", tree())
	if !known {
		t.Fatal("there is none")
	}
	dir := t.TempDir()
	for _, name := range []string{"a b.jpg", "c.jpg"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ line, want string }{
		{"murmur|", "--help --version -h -v admit feed post"},
		{"murmur|f", "feed"},
		{"murmur|feed|", "--help -h follow list"},
		{"murmur|feed|fo", "follow"},
		{"murmur|feed|follow|--", "--help --json --name"},
		{"murmur|feed|follow|--name|", ""},
		{"murmur|feed|--json|fo", "follow"},
		{"murmur|post|--photo|c", "c.jpg"},
		{"murmur|post|-p|a", "a b.jpg"},
		{"murmur|post|c", ""},
		{"murmur|admit|c", "c.jpg"},
		{"murmur|nothing|x", ""},
		{"murmur|se", ""},
	} {
		got := complete(t, script, dir, strings.Split(c.line, "|")...)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.line, got, c.want)
		}
	}
}

// TestOtherShellsAreServed: their scripts name every command and option that is not hidden, their
// quotes are closed, and a shell that is here takes its own without a word.
func TestOtherShellsAreServed(t *testing.T) {
	for shell, check := range map[string][]string{
		"zsh": {"zsh", "-n"}, "fish": {"fish", "--no-execute"}, "bash": {"bash", "-n"},
		"powershell": nil,
	} {
		script, known := Completion(shell, "murmur", tree())
		if !known || !slices.Contains(Shells, shell) {
			t.Fatalf("there is none for %s", shell)
		}
		for _, want := range []string{"feed", "follow", "list", "post", "json", "photo", "admit"} {
			if !strings.Contains(script, want) {
				t.Errorf("%s does not know %s", shell, want)
			}
		}
		if strings.Contains(script, "secret") {
			t.Errorf("%s shows what is hidden", shell)
		}
		for n, line := range strings.Split(script, "\n") {
			quotes := strings.NewReplacer(`'\''`, "", `\'`, "", "''", "").Replace(line)
			if strings.Count(quotes, "'")%2 != 0 && !strings.HasPrefix(line, "#") {
				t.Errorf("%s, line %d: a quote stays open: %s", shell, n+1, line)
			}
		}
		if len(check) == 0 {
			continue
		}
		if path, err := exec.LookPath(check[0]); err == nil {
			run := exec.CommandContext(t.Context(), path, check[1:]...)
			run.Stdin = strings.NewReader(script)
			if out, err := run.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s says %s, %v", shell, out, err)
			}
		}
	}
	if script, known := Completion("csh", "murmur", tree()); known || script != "" {
		t.Error("there is completion for a shell that has none")
	}
}

// TestPagesAreOfEveryCommand: a name that a file can have, and no line of a text that man would
// take for a request.
func TestPagesAreOfEveryCommand(t *testing.T) {
	app := &cli.App{Name: "murmur", Usage: "an app", Version: "1", Commands: tree()}
	all := Pages(app)
	got := []string{}
	for _, p := range all {
		got = append(got, p.Name)
		for line := range bytes.Lines(p.Text) {
			request := strings.HasPrefix(string(line), ".not") || bytes.HasPrefix(line, []byte("'"))
			if request || bytes.Contains(line, []byte("'a.jpg'")) {
				t.Errorf("%s: %s", p.Name, line)
			}
		}
		if groff, err := exec.LookPath("groff"); err == nil {
			run := exec.CommandContext(t.Context(), groff, "-man", "-ww", "-Tascii")
			run.Stdin = bytes.NewReader(p.Text)
			var said bytes.Buffer
			run.Stderr = &said
			if out, err := run.Output(); err != nil || said.Len() > 0 || len(out) < 100 {
				t.Errorf("%s: %v, %s%.100s", p.Name, err, &said, out)
			}
		}
	}
	want := "murmur.1 murmur-feed.1 murmur-feed-follow.1 murmur-feed-list.1 murmur-post.1 " +
		"murmur-admit.1"
	if strings.Join(got, " ") != want {
		t.Errorf("%q", got)
	}
}
