// Package plain shows on a terminal what strangers wrote, so that it is what it is: words, which
// neither move the cursor nor look like what the program says.
//
// A text of several lines stands behind a margin, on each line. What belongs on one line is on one.
// Characters that would do something are shown by their numbers. It must not change what is stored,
// print anything itself, or be left out: whatever has come from outside goes through it.
package plain

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"murmuration/client/content"
)

// Margin stands before each line of a stranger's text, and before no other line.
const Margin = "│ "

const (
	lineBreak  = "⏎"
	isolate    = "\u2068" // what follows has its own direction, until the end of it
	isolateEnd = "\u2069"
	maxNumbers = 8 // characters that are shown as such where nothing else can be
	maxMarks   = 6 // combining marks on one letter: more would cover the lines above and below
)

// Line is a text where one line is meant: line breaks are shown as such, blanks are single.
func Line(text string) string {
	if text != "" && strings.TrimSpace(text) != "" && !content.Visible(text) {
		return numbers(text)
	}
	var out strings.Builder
	breaks := strings.NewReplacer(
		"\r\n", " "+lineBreak+" ", "\n", " "+lineBreak+" ", "\r", " "+lineBreak+" ",
		"\u0085", " "+lineBreak+" ", "\u2028", " "+lineBreak+" ", "\u2029", " "+lineBreak+" ",
	)
	for i, word := range strings.Fields(breaks.Replace(text)) {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(escape(word))
	}
	return isolated(out.String())
}

// numbers shows a text of which nothing can be seen.
func numbers(text string) string {
	var out strings.Builder
	for i, r := range []rune(text) {
		if i == maxNumbers {
			return out.String() + "…"
		}
		fmt.Fprintf(&out, `\u%04x`, r)
	}
	return out.String()
}

// Short is Line, cut to so many columns.
func Short(text string, columns int) string {
	line := Line(text)
	if width(line) <= columns {
		return line
	}
	cut, _ := take(strings.Trim(line, isolate+isolateEnd), max(columns-1, 1))
	return isolated(cut) + "…"
}

// escape shows what is no text by its number, and leaves out what would pile up on a letter.
func escape(text string) string {
	var out strings.Builder
	marks := 0
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case content.Unprintable(r) && r < 0x80:
			fmt.Fprintf(&out, `\x%02x`, r)
		case content.Unprintable(r):
			fmt.Fprintf(&out, `\u%04x`, r)
		case unicode.Is(unicode.M, r):
			if marks++; marks <= maxMarks {
				out.WriteRune(r)
			}
			text = text[size:]
			continue
		default:
			out.WriteRune(r)
		}
		marks = 0
		text = text[size:]
	}
	return out.String()
}

// deep stands before the lines of an error behind its first one: deeper than a hint does.
const deep = "    "

// Error is what an error says, which may quote a file: behind the first line all are indented.
func Error(text string) string {
	first, rest, _ := strings.Cut(strings.TrimRight(text, "\n"), "\n")
	var out strings.Builder
	out.WriteString(Line(first))
	for line := range strings.Lines(rest) {
		line = deep + strings.TrimPrefix(strings.TrimRight(line, "\r\n"), deep)
		out.WriteString("\n" + isolated(escape(strings.ReplaceAll(line, "\t", deep))))
	}
	return out.String()
}

// isolated keeps a line with letters that run from right to left from turning what stands around.
func isolated(line string) string {
	if !strings.ContainsFunc(line, rightToLeft) {
		return line
	}
	return isolate + line + isolateEnd
}

var rightToLeftScripts = []*unicode.RangeTable{
	unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Samaritan,
	unicode.Mandaic, unicode.Adlam, unicode.Hanifi_Rohingya, unicode.Mende_Kikakui,
}

func rightToLeft(r rune) bool {
	return r == '\u200f' || r == '\u061c' || unicode.In(r, rightToLeftScripts...) ||
		r >= 0x10800 && r <= 0x10fff
}

func width(text string) int { return ansi.StringWidth(text) }

// take is the longest beginning of a text with at most so many columns, one character at least.
func take(text string, columns int) (begin, rest string) {
	used, end := 0, 0
	for end < len(text) {
		cluster, w := ansi.FirstGraphemeCluster(text[end:], ansi.GraphemeWidth)
		if cluster == "" || used+w > columns && end > 0 {
			break
		}
		used, end = used+w, end+len(cluster)
	}
	return text[:end], text[end:]
}

// Text is how a text of several lines is shown.
type Text struct {
	Indent  string // before the margin
	Columns int    // of the terminal; zero: lines are not folded
	Lines   int    // at most; zero: all
	More    string // where the rest can be read, if there is any
}

// Show is the lines of a stranger's text, each behind a margin and ended. Lines that are blank are
// one, and none at the ends.
func (t Text) Show(text string) string {
	var out strings.Builder
	lines := t.lines(content.Normalize(text))
	left := 0
	if t.Lines > 0 && len(lines) > t.Lines {
		left = len(lines) - t.Lines
		lines = lines[:t.Lines]
	}
	for _, line := range lines {
		out.WriteString(strings.TrimRight(t.Indent+Margin+isolated(line), " ") + "\n")
	}
	if left > 0 {
		fmt.Fprintf(&out, "%s… %d more lines%s\n", t.Indent, left, t.More)
	}
	return out.String()
}

func (t Text) lines(text string) (lines []string) {
	for line := range strings.SplitSeq(text, "\n") {
		line = escape(strings.ReplaceAll(line, "\t", "    "))
		if blank := !content.Visible(line); blank {
			if n := len(lines); n == 0 || lines[n-1] == "" {
				continue
			}
			line = ""
		}
		lines = append(lines, t.fold(line)...)
	}
	if n := len(lines); n > 0 && lines[n-1] == "" {
		lines = lines[:n-1]
	}
	return lines
}

// least is the narrowest column that text is folded into.
const least = 16

// fold breaks a line at blanks, or within a word that is too long.
func (t Text) fold(line string) (lines []string) {
	columns := max(t.Columns-width(t.Indent+Margin), least)
	for t.Columns > 0 && width(line) > columns {
		begin, rest := take(line, columns)
		if i := strings.LastIndexByte(begin, ' '); i > 0 && rest != "" && rest[0] != ' ' {
			begin, rest = line[:i], line[i:]
		}
		lines = append(lines, strings.TrimRight(begin, " "))
		if line = strings.TrimLeft(rest, " "); line == "" {
			return lines
		}
	}
	return append(lines, line)
}

// Tolerances of what an author says about when a post was written.
const (
	early  = 90 * time.Minute                 // the hour is cut off, and clocks differ
	oldest = 90 * 24 * time.Hour              // older ones are not kept in boxes
	layout = "2006-01-02 15:04"               // of a time that may be true
	claim  = "dated 2006-01-02 by its author" // of one that is not
)

// Time is when something was written: what its author claims, with a mark if it cannot be. Claims
// have full hours; of what came within the hour that it names the minute is known.
func Time(claimed, came time.Time) string {
	if claimed.After(came.Add(early)) || claimed.Before(came.Add(-oldest)) {
		return came.Local().Format(layout) + ", " + claimed.UTC().Format(claim)
	}
	if came.Truncate(time.Hour).Equal(claimed) {
		claimed = came
	}
	return claimed.Local().Format(layout)
}
