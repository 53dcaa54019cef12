package world_test

import (
	"os"
	"strings"
	"testing"

	"murmuration/internal/transcript"
	"murmuration/sim/world"
)

// TestTranscripts are worlds as text: what is done, and what is to be seen of it.
func TestTranscripts(t *testing.T) {
	transcript.Run(t, "testdata/*.txt", func(*testing.T) func(string) string {
		s := world.NewScript()
		return func(line string) string {
			out, err := s.Do(line)
			if err != nil {
				out += "error: " + err.Error() + "\n"
			}
			return out
		}
	})
}

// TestScriptsAreRefused: every line that means nothing says what it should have been.
func TestScriptsAreRefused(t *testing.T) {
	for script, want := range map[string]string{
		"run 1s":                                      "too early",
		"p1 -> m1 -> p2\nseed 1":                      "too late",
		"p1 -> m1 -> p2\np1 -> m1 -> p2":              "drawn already",
		"p1 -> m1 -> p2\nfly":                         "is no line of a world",
		"p1 -> m1 -> p2\nrun fast":                    "want run DURATION",
		"p1 -> m1 -> p2\nalice joins p9":              "no provider",
		"p1 -> m1 -> p2\nalice posts x":               "nobody called alice",
		"p1 -> m1 -> p2\nm1 answers not found":        "is no provider",
		"p1 -> m1 -> p2\np1 answers maybe":            "no status",
		"p1 -> m1 -> p2\nm1 starts":                   "it runs",
		"ada -> p1 -> m1 -> p2\nada shows":            "want PERSON shows",
		"ada -> p1 -> m1 -> p2\nada fetches bob eve":  "want PERSON fetches",
		"p1 -> m1 -> p2\nlose 3":                      "want lose SHARE%",
		"p1 -> m1 -> p2\nm1 falls silent":             "is no authority",
		"p1 -> m1 -> p2\nin 1s x\nrun 2s":             "is no line of a world",
		"p1 -> m1 -> p2\np3 joins p1":                 "no name of a person",
		"p1 -> m1 -> p2\nrun -1s":                     "want run",
		"p1 -> m1 -> p2\nin -1s run 1s":               "want in",
		"p1 -> m1 -> p2\nevery 0s 3 times heal":       "want every",
		"p1 -> m1 -> p2\nevery 1s -3 times heal":      "want every",
		"p1 -> m1 -> p2\nevery 1s 999999999 times x":  "want every",
		"p1 -> m1 -> p2\nlose 101%":                   "want lose",
		"p1 -> m1 -> p2\nlose -1%":                    "want lose",
		"p1 -> m1 -> p2\nlose nan%":                   "want lose",
		"ada -> p1 -> m1 -> p2\nada shows 99999999 x": "want PERSON shows",
		"links -5s":               "want links",
		"links 5":                 "want links",
		"authorities 0":           "want authorities",
		"p1 -> m1 -> p2\npart":    "want part",
		"p1 -> m1 -> p2\nheal m1": "want heal",
		"ada -> p1 -> m1 -> p2\nada restarts now": "want PERSON restarts",
		"set colour red": "no parameter",
		"set replicas":   "want set",
		"packets secret": "want packets",
		"ada -> p1 -> m1 -> p2\nada fetches nobody": "nobody called nobody",
		"p1 -> m1 -> p2\nm1 crashes\nm1 crashes":    "it is down",
		"p1 -> m1 -> p2\nin 1h fly":                 "is no line of a world",
		"p1 -> m1 -> p2\nin 1h seed 3":              "too late",
		"p1 -> m1 -> p2\nin 1h p1 -> m1":            "no line of a world",
		"p1 -> m1 -> p2\nevery 1h 2 times p# hums":  "is no line of a world",
		"p1 -> p2 -> m1":                            "cannot stand there",
		"m1 -> p1":                                  "cannot stand there",
		"[] -> p1":                                  "without a name",
		"p9..p1 -> m1":                              "no range",
		"Alice -> p1":                               "no name",
		"set suite rot13\np1 -> m1 -> p2":           "rot13",
	} {
		s := world.NewScript()
		var err error
		for line := range strings.Lines(script) {
			if _, err = s.Do(strings.TrimSpace(line)); err != nil {
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", script, err, want)
		}
	}
}

// TestExamplesOfTheManual: every world in docs/world.md runs, and shows something.
func TestExamplesOfTheManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/world.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```world\n")[1:]
	for _, block := range blocks {
		example, _, _ := strings.Cut(block, "```")
		s, all := world.NewScript(), ""
		for line := range strings.Lines(example) {
			out, err := s.Do(strings.TrimSpace(line))
			if err != nil {
				t.Errorf("%s%v", example, err)
			}
			all += out
		}
		if !strings.Contains(all, "bob reads alice") {
			t.Errorf("%s shows\n%s", example, all)
		}
	}
	if len(blocks) < 2 {
		t.Errorf("the manual has %d examples", len(blocks))
	}
}
