package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

// marked is the letter of an excerpt over which the mark stands.
func marked(t interface{ Fatalf(string, ...any) }, excerpt string) string {
	line, mark, two := strings.Cut(excerpt, "\n")
	_, shown, found := strings.Cut(line, "| ")
	_, spaces, foundToo := strings.Cut(mark, "| ")
	at := strings.Index(spaces, "^")
	letters := []rune(shown)
	if !two || !found || !foundToo || at < 0 || strings.Trim(spaces, " ") != "^" {
		t.Fatalf("no excerpt: %q", excerpt)
	}
	if at >= len(letters) {
		return ""
	}
	return string(letters[at])
}

// TestMarkStandsUnderItsPlace: whatever letters stand before a key, tabs and broken ones too, the
// mark is under its first letter, or behind what is shown of a long line.
func TestMarkStandsUnderItsPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.StringOf(rapid.SampledFrom([]rune("aé漢🐦\t ,"))).Draw(t, "before")
		if rapid.Bool().Draw(t, "broken") {
			before += "\xff\xfe"
		}
		lines := strings.Repeat("\n", rapid.IntRange(0, 3).Draw(t, "lines"))
		d := Read("x", []byte(lines+before+"Z = 1\r\nnext = 2\n"))
		p := d.Problem(Place{len(lines) + 1, len(before) + 1}, "no", "")
		head := fmt.Sprintf("%5d | ", len(lines)+1)
		got := marked(t, p.Excerpt)
		if !strings.HasPrefix(p.Excerpt, head) || strings.ContainsAny(p.Excerpt, "\t\r") ||
			strings.Contains(p.Excerpt, "next") {
			t.Fatalf("%q", p.Excerpt)
		}
		if len(before) < maxExcerpt && got != "Z" || len(before) >= maxExcerpt && got != "" {
			t.Fatalf("the mark is under %q in\n%s", got, p.Excerpt)
		}
	})
	if p := Read("x", []byte("a = 1")).Problem(Place{}, "no", ""); p.Excerpt != "" {
		t.Errorf("a problem that stands nowhere shows %q", p.Excerpt)
	}
}

// TestProblemsAreToldOnceAndInOrder: by line, then by column; those of no line first.
func TestProblemsAreToldOnceAndInOrder(t *testing.T) {
	d := Read("x.toml", []byte("a = 1\nb = 2\n"))
	d.Refuse(Place{2, 5}, "third", "")
	d.Refuse(Place{2, 1}, "second", "Do this.")
	d.Refuse(Place{1, 1}, "first", "")
	d.Refuse(Place{2, 5}, "third", "")
	d.Refuse(Place{}, "nowhere", "")
	const want = `x.toml: nowhere
x.toml:1:1: first
    1 | a = 1
      | ^
x.toml:2:1: second
    2 | b = 2
      | ^
  Do this.
x.toml:2:5: third
    2 | b = 2
      |     ^`
	if err := d.Err(); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if err := Read("x", nil).Err(); err != nil {
		t.Errorf("nothing is wrong with nothing: %v", err)
	}
	one := d.Problem(Place{1, 1}, "alone", "")
	var file *FileError
	if err := d.Refused(one); !errors.As(err, &file) || len(file.Problems) != 1 {
		t.Errorf("%v", err)
	}
}

// TestUnitsReadBack: what is written of a duration or size is read as the same.
func TestUnitsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration{time.Duration(rapid.Int64Range(0, int64(longest)).Draw(t, "duration"))}
		s := Size{rapid.Int64Range(0, maxSize-1).Draw(t, "size")}
		var d2 Duration
		var s2 Size
		text, _ := d.MarshalText()
		if err := d2.UnmarshalText(text); err != nil || d2 != d {
			t.Fatalf("%s is read as %v, %v", text, d2, err)
		}
		text, _ = s.MarshalText()
		if err := s2.UnmarshalText(text); err != nil || s2 != s {
			t.Fatalf("%s is read as %v, %v", text, s2, err)
		}
	})
}

// TestRatesAndSharesHaveUnits: each kind takes its own spelling, at its own bounds, and no other.
func TestRatesAndSharesHaveUnits(t *testing.T) {
	near := func(a, b float64) bool { return a > b*(1-1e-12) && a < b*(1+1e-12) || a == b }
	for text, want := range map[string]float64{
		"5000/s": 5000, "3/day": 3. / 86400, "120/min": 2, "2 /h": 2. / 3600, "0/s": 0,
		"5": -1, "5/": -1, "5/week": -1, "-1/s": -1, "inf/s": -1, "NaN/s": -1, "1e308/ms": -1,
		"/s": -1, "5 MB/s": -1,
	} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); (err == nil) != (want >= 0) ||
			err == nil && !near(r.PerSecond, want) {
			t.Errorf("rate %q: %g, %v", text, r.PerSecond, err)
		}
	}
	for text, want := range map[string]float64{
		"400MB/day": 4e8, "5KB/s": 5e3 * 86400, "1 KiB/h": 1024 * 24,
		"400MB": -1, "400/day": -1, "-1MB/day": -1, "MB/day": -1, "1MB/week": -1,
	} {
		var v Volume
		if err := v.UnmarshalText([]byte(text)); (err == nil) != (want >= 0) ||
			err == nil && !near(v.PerDay, want) {
			t.Errorf("volume %q: %g, %v", text, v.PerDay, err)
		}
	}
	for text, want := range map[string]float64{
		"10%": 0.1, "0%": 0, "100%": 1, "2.5 %": 0.025,
		"100.1%": -1, "-1%": -1, "10": -1, "%": -1, "NaN%": -1, "10%%": -1,
	} {
		var s Share
		if err := s.UnmarshalText([]byte(text)); (err == nil) != (want >= 0) ||
			err == nil && !near(s.Of, want) {
			t.Errorf("share %q: %g, %v", text, s.Of, err)
		}
	}
}

// TestNearestIsNear: a word is found with one letter too many, too few or wrong, in letters of any
// size, and one of other letters is not.
func TestNearestIsNear(t *testing.T) {
	known := []string{"mean_delay", "loop_every", "width", "on"}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom(known[:3]).Draw(t, "word")
		at := rapid.IntRange(0, len(word)-1).Draw(t, "at")
		slip := rapid.SampledFrom([]string{
			word[:at] + word[at+1:], word[:at] + "q" + word[at:], word[:at] + "q" + word[at+1:],
			strings.ToUpper(word), word,
		}).Draw(t, "slip")
		if got := Nearest(slip, known); got != word {
			t.Fatalf("%s is taken for %q, want %s", slip, got, word)
		}
	})
	for _, word := range []string{"", "zzzzz", "xx", "delaymean_"} {
		if got := Nearest(word, known); got != "" {
			t.Errorf("%q is taken for %s", word, got)
		}
	}
}

// TestDistanceIsADistance: zero for the same, alike both ways, no way round is shorter, and one
// letter is one step.
func TestDistanceIsADistance(t *testing.T) {
	words := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := words.Draw(t, "a"), words.Draw(t, "b"), words.Draw(t, "c")
		switch {
		case distance(a, a) != 0, a != b && distance(a, b) == 0:
			t.Fatalf("%q and %q are %d apart", a, b, distance(a, b))
		case distance(a, b) != distance(b, a):
			t.Fatalf("%q and %q: one way is longer", a, b)
		case distance(a, c) > distance(a, b)+distance(b, c):
			t.Fatalf("from %q to %q by %q is shorter", a, c, b)
		case distance(a, a+"x") != 1, distance(a+"x"+b, a+"y"+b) != 1:
			t.Fatalf("one letter is more than one step")
		}
	})
}
