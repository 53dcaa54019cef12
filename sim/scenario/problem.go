package scenario

import (
	"fmt"
	"strings"

	"murmuration/internal/config"
)

// Problem is one thing wrong in a scenario file: where, what, and what to do about it.
type Problem struct {
	File   string
	Line   int // counted from 1; 0 where the file as a whole is meant
	Key    string
	Reason string
	Hint   string
}

// Error is "file:line: key: reason" and the hint on a line of its own.
func (p Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:", p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:", p.Line)
	}
	if p.Key != "" {
		fmt.Fprintf(&b, " %s:", p.Key)
	}
	fmt.Fprintf(&b, " %s", p.Reason)
	if p.Hint != "" {
		fmt.Fprintf(&b, "\n  %s", p.Hint)
	}
	return b.String()
}

// Problems is everything wrong in a file, in the order of its lines. It is never empty when used as an error.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// suggest returns the known key closest to a mistyped one, or "" if none is close.
func suggest(path string) string {
	best, distance := "", len(path)/3+2
	for _, k := range keys {
		if k.Unit == "table" && strings.Contains(k.Path, "check") {
			continue
		}
		if d := config.Distance(path, k.Path); d < distance {
			best, distance = k.Path, d
		}
	}
	if best != "" {
		return best
	}
	for _, k := range keys { // the right word in the wrong table
		if _, last, _ := strings.Cut(k.Path, "."); last != "" && strings.HasSuffix(path, last) {
			return k.Path
		}
	}
	return ""
}
