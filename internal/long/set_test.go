package long

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// History: a recipe with a number without a unit, or with one that was none, passed and had done
// nothing.
func TestWhatCannotBeReadFails(t *testing.T) {
	count := func(text string) (int, error) {
		return read("MURMUR_X", text, 1, 7, strconv.Atoi, "a whole number")
	}
	span := func(text string) (time.Duration, error) {
		return read("MURMUR_X", text, 1, 0, time.ParseDuration, "a time with its unit")
	}
	for text, want := range map[string]int{"": 7, "1": 1, "250": 250} {
		if n, err := count(text); err != nil || n != want {
			t.Errorf("%q is read as %d, %v, want %d", text, n, err, want)
		}
	}
	for _, text := range []string{"100k", "-1", "0", "zehn", "1.5", " 3"} {
		if _, err := count(text); err == nil || !strings.Contains(err.Error(), "a whole number") {
			t.Errorf("%q is taken as a number, or without a word of what is wanted: %v", text, err)
		}
	}
	for text, want := range map[string]time.Duration{"": 0, "28m": 28 * time.Minute} {
		if d, err := span(text); err != nil || d != want {
			t.Errorf("%q is read as %v, %v, want %v", text, d, err, want)
		}
	}
	for _, text := range []string{"28", "-1m", "0s", "0", "an hour"} {
		if _, err := span(text); err == nil || !strings.Contains(err.Error(), "with its unit") {
			t.Errorf("%q is taken as a time, or without a word of what is wanted: %v", text, err)
		}
	}
}
