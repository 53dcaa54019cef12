// Package transcript runs tests that are written as text: blocks of input lines, a line of dashes,
// and the trace that they must give. `go test ./PACKAGE -rewrite` writes the traces anew; read the
// diff.
//
// It is for tests alone and knows nothing of what is being tested.
package transcript

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the expected traces of transcripts anew")

// Rewriting says that the traces are to be written anew, for transcripts of another layout.
func Rewriting() bool { return *rewrite }

const rule = "----"

// Run calls run for each block of each file that matches glob, with the block's lines, and compares
// what it returns. Start makes the state that the blocks of one file share.
func Run(t *testing.T, glob string, start func(t *testing.T) func(line string) string) {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcript matches %s (%v)", glob, err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"),
			func(t *testing.T) { runFile(t, path, start(t)) })
	}
}

func runFile(t *testing.T, path string, do func(line string) string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var fresh bytes.Buffer
	for i, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		input, want, _ := strings.Cut(block+"\n", rule+"\n")
		got := play(input, do)
		if i > 0 {
			fresh.WriteByte('\n')
		}
		fmt.Fprintf(&fresh, "%s%s\n%s", input, rule, got)
		if !*rewrite && strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s, block %d:\n%s%s\ngot:\n%swant:\n%s", path, i+1, input, rule, got, want)
		}
	}
	if *rewrite {
		if err := os.WriteFile(path, fresh.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// play runs the lines of one block; comments are for the reader.
func play(input string, do func(line string) string) string {
	var out strings.Builder
	for line := range strings.Lines(input) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if got := do(line); got != "" {
			out.WriteString(strings.TrimRight(got, "\n") + "\n")
		}
	}
	return out.String()
}
