package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// lineWidth is that of all code and comments, in columns; a tab counts 4.
const lineWidth = 100

// TestOneLineWidth: no line of code is wider than a reader's window. What an example prints is
// exempt: it has to stand there as the program prints it.
func TestOneLineWidth(t *testing.T) {
	files := 0
	for _, s := range sources(t) {
		raw, err := os.ReadFile(filepath.FromSlash(s.path))
		if err != nil {
			t.Fatal(err)
		}
		files++
		printed := false
		for i, line := range strings.Split(string(raw), "\n") {
			printed = strings.HasPrefix(line, "\t//") && (printed || line == "\t// Output:")
			if n := columns(line); n > lineWidth && !(s.test && printed) {
				t.Errorf("%s:%d: %d columns", s.path, i+1, n)
			}
		}
	}
	if files < 300 || columns("\tλ"+strings.Repeat("x", 96)) != 101 {
		t.Errorf("control: %d files were read", files)
	}
}

func columns(line string) int {
	return utf8.RuneCountInString(line) + 3*strings.Count(line, "\t")
}
