package cli

import (
	"strings"
	"testing"
)

// TestWrongWordsAreAnswered: whoever mistypes a command, or knows it by another name or in another
// place, is told what it is; who typed nothing like a command is told nothing.
func TestWrongWordsAreAnswered(t *testing.T) {
	for line, want := range map[string]string{
		"pots":            "post",
		"timelien":        "timeline",
		"follow x":        "feed follow",
		"unfollow 1":      "feed unfollow",
		"feed folow x":    "feed follow",
		"feed follwo x":   "feed follow",
		"network verfy d": "network verify",
		"folow x":         "feed follow",
		"login":           "daemon run",
		"STATUS":          "status",
		"tweet hello":     "post",
		"daemon start":    "daemon run",
		"zzz":             "",
		"hello":           "",
		"x":               "",
	} {
		_, said, code := murmurSim(t, strings.Fields(line)...)
		_, meant, _ := strings.Cut(said, "Do you mean `murmur ")
		meant, _, _ = strings.Cut(meant, "`")
		if code != 1 || meant != want || !strings.Contains(said, "no command \"") {
			t.Errorf("murmur %s: code %d, %q", line, code, said)
		}
	}
}

// TestWrongOptionsAreAnswered likewise.
func TestWrongOptionsAreAnswered(t *testing.T) {
	for line, want := range map[string]string{
		"post --foto x": "--photo", "timeline --jsn": "--json", "post --zzz": "", "post -x": "",
	} {
		_, said, code := murmurSim(t, strings.Fields(line)...)
		_, meant, _ := strings.Cut(said, "Do you mean ")
		meant, _, _ = strings.Cut(meant, "?")
		if code != 1 || meant != want || !strings.Contains(said, "is not an option of") {
			t.Errorf("murmur %s: code %d, %q", line, code, said)
		}
	}
}

// TestSynonymsStandForCommands that there are.
func TestSynonymsStandForCommands(t *testing.T) {
	for word, path := range synonyms {
		if !exists(commands(), path) {
			t.Errorf("%q stands for %q", word, path)
		}
	}
	if exists(commands(), "feed fly") || !exists(commands(), "feed follow") {
		t.Error("control: a command that is none exists")
	}
}

func TestDistance(t *testing.T) {
	for pair, want := range map[string]int{
		"post pots": 1, "post post": 0, "a b": 1, "follow folow": 1, "abc acbd": 2, "post " +
			"status": 5,
	} {
		a, b, _ := strings.Cut(pair, " ")
		if distance(a, b) != want || distance(b, a) != want {
			t.Errorf("%s: %d and %d, want %d", pair, distance(a, b), distance(b, a), want)
		}
	}
}
