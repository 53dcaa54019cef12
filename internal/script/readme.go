package script

import (
	"os"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

// readme HEADING OUT: the blocks of commands below a heading of README.md that begin with one of
// murmur's, as a shell script.
func readme(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile("README.md")
	ts.Check(err)
	section := regexp.MustCompile("(?s)\n## " + regexp.QuoteMeta(args[0]) + "\n(.*?)(\n## |$)").
		FindSubmatch(text)
	if section == nil {
		ts.Fatalf("README.md has no heading %q", args[0])
	}
	var script []byte
	for _, block := range regexp.MustCompile("(?s)\n```\n(murmur .*?)\n```\n").
		FindAllSubmatch(section[1], -1) {
		script = append(append(script, block[1]...), '\n')
	}
	if len(script) == 0 {
		ts.Fatalf("README.md has no commands under %q", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), script, 0o600))
}
