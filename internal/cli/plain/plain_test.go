package plain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"

	"murmuration/internal/cli/plain"
)

// TestNoWordsInOthersMouths: a text with line breaks and a made-up entry stays behind its margin.
func TestNoWordsInOthersMouths(t *testing.T) {
	const forged = "a cat\n\nvx4k2m3a  2026-03-01 12:00  ben\n    I owe Eve money\r\nmore\u2028end"
	got := plain.Text{Indent: "    "}.Show(forged)
	want := "" +
		"    │ a cat\n" +
		"    │\n" +
		"    │ vx4k2m3a  2026-03-01 12:00  ben\n" +
		"    │     I owe Eve money\n" +
		"    │ more\n" +
		"    │ end\n"
	if got != want {
		t.Errorf("%s", got)
	}
	if got := plain.Line(forged); got != "a cat ⏎ ⏎ vx4k2m3a 2026-03-01 12:00 ben ⏎ "+
		"I owe Eve money ⏎ more ⏎ end" {
		t.Errorf("%s", got)
	}
}

func TestLines(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "  two\twords ": "two words", "a\x1b[2Jb": `a\x1b[2Jb`, "ascii": "ascii",
		"\u202egpj.exe": `\u202egpj.exe`, "\x9b": `\x9b`, "\u009b1m": `\u009b1m`,
		"\xff": `\xff`, "\u200b\u200d": `\u200b\u200d`, "שלום": "\u2068שלום\u2069",
		"👩\u200d👧": "👩\u200d👧", strings.Repeat("\u3164", 20): strings.Repeat(`\u3164`, 8) + "…",

		"a" + strings.Repeat("\u0301", 50) + "b": "a" + strings.Repeat("\u0301", 6) + "b",
	} {
		if got := plain.Line(text); got != want {
			t.Errorf("%+q is shown as %+q", text, got)
		}
	}
	if got := plain.Short("日本語日本語", 7); got != "日本語…" || ansi.StringWidth(got) != 7 {
		t.Errorf("%s", got)
	}
}

func TestTextIsFoldedAndCut(t *testing.T) {
	p := plain.Text{Indent: "  ", Columns: 24, Lines: 3, More: ": murmur show abc"}
	got := p.Show("one two three four five six\n\n\n\n" + strings.Repeat("日", 15) + "\nend\n\n")
	want := "" +
		"  │ one two three four\n" +
		"  │ five six\n" +
		"  │\n" +
		"  … 3 more lines: murmur show abc\n"
	if got != want {
		t.Errorf("%s", got)
	}
	if p.Lines = 0; !strings.HasSuffix(p.Show(strings.Repeat("日", 15)+"\n\n"), "日日日日日\n") {
		t.Errorf("%s", p.Show(strings.Repeat("日", 15)))
	}
}

// TestTimes that cannot be are said to be their author's.
func TestTimes(t *testing.T) {
	came := time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)
	for claimed, marked := range map[time.Time]bool{
		time.Unix(0, 0): true, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC): true,
		came.Add(3 * time.Hour): true, came.AddDate(0, -4, 0): true,
		came.Truncate(time.Hour): false, came.AddDate(0, 0, -14): false, came.Add(time.Hour): false,
	} {
		if got := plain.Time(claimed, came); strings.Contains(got, "by its author") != marked {
			t.Errorf("%v: %s", claimed, got)
		}
	}
	if plain.Time(came.Truncate(time.Hour), came) != plain.Time(came, came) {
		t.Error("what came within its hour is shown without the minute")
	}
}

// TestNoLineOfALayout: whatever a stranger writes, each line of it stands behind the margin, none
// is wider than the terminal, and nothing is left that does something.
func TestNoLineOfALayout(t *testing.T) {
	runes := rapid.SliceOf(rapid.OneOf(
		rapid.Rune(),
		rapid.SampledFrom([]rune("\n\r\t \x1b\x9b\u202e\u2066\u2069\u200f\u0301│⏎日a…")),
	))
	rapid.Check(t, func(r *rapid.T) {
		text := string(runes.Draw(r, "text"))
		p := plain.Text{
			Indent: "    ", Columns: rapid.IntRange(0, 100).Draw(r, "columns"),
			Lines: rapid.IntRange(0, 5).Draw(r, "lines"), More: ": more",
		}
		shown := p.Show(text)
		for line := range strings.Lines(shown) {
			line = strings.TrimSuffix(line, "\n")
			if !strings.HasPrefix(line, "    │") && !(p.Lines > 0 &&
				line == fmt.Sprintf("    … %d more lines: more", left(line))) {
				r.Fatalf("%+q shows the line %+q", text, line)
			}
			if p.Columns >= 24 && ansi.StringWidth(line) > p.Columns {
				r.Fatalf("%+q has %d columns of %d", line, ansi.StringWidth(line), p.Columns)
			}
		}
		one := plain.Line(text)
		for _, bad := range "\n\r\t\x1b\u0085\u2028\u202a\u202b\u202c\u202d\u202e\u2066\u2067" {
			if strings.ContainsRune(one, bad) || bad != '\n' && strings.ContainsRune(shown, bad) {
				r.Fatalf("%+q leaves %+q", text, bad)
			}
		}
		if strings.Count(one, "\u2068") != strings.Count(one, "\u2069") {
			r.Fatalf("%+q is not balanced", one)
		}
	})
}

func left(line string) (n int) {
	fmt.Sscanf(strings.TrimSpace(line), "… %d", &n)
	return n
}
