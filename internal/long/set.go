package long

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// Set says whether a variable of a recipe is set, to whatever.
func Set(name string) bool { return Text(name) != "" }

// Text is what a variable of a recipe says, "" if it is not set.
func Text(name string) string { return os.Getenv(name) }

// Count is the number that a variable of a recipe says, and otherwise where it is not set. One that
// cannot be read, or is below least, fails the test: it was asked for, and must not seem made.
func Count(t testing.TB, name string, least, otherwise int) int {
	t.Helper()
	n, err := read(name, Text(name), least, otherwise, strconv.Atoi,
		fmt.Sprintf("a whole number, %d at least", least))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Time is the time that a variable of a recipe says, and 0 where it is not set.
func Time(t testing.TB, name string) time.Duration {
	t.Helper()
	long, err := read(name, Text(name), 1, 0, time.ParseDuration,
		"a time with its unit, such as 60s, 28m or 1h")
	if err != nil {
		t.Fatal(err)
	}
	return long
}

// read reads the text of a variable.
func read[T int | time.Duration](name, text string, least, otherwise T,
	parse func(string) (T, error), wanted string) (T, error) {
	if text == "" {
		return otherwise, nil
	}
	v, err := parse(text)
	if err != nil || v < least {
		return 0, fmt.Errorf("%s=%s: want %s", name, text, wanted)
	}
	return v, nil
}
