package script

import (
	"os"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

// readme HEADING OUT: the first block of commands below a heading of README.md, as a shell script.
func readme(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile("README.md")
	ts.Check(err)
	block := regexp.MustCompile("(?s)\n## " + regexp.QuoteMeta(args[0]) +
		"\n.*?\n```\n(.*?)\n```\n").FindSubmatch(text)
	if block == nil {
		ts.Fatalf("README.md has no block of commands under %q", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), append(block[1], '\n'), 0o600))
}
