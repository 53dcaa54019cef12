package person

import (
	"strings"
	"testing"
	"time"

	"murmuration/client/api"
)

// TestTheDoctorSaysWhatIsWrong: of a status in which all is well nothing, and of each that has one
// thing wrong that thing, with what to do; no time that was never set is shown as one.
func TestTheDoctorSaysWhatIsWrong(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	well := api.Status{
		Now: now, Connected: true, Serves: true, Provider: "p1", Epoch: 7, Document: 7,
		Until: now.Add(time.Hour), Loops: 0.99, LoopsOf: 100, Tokens: 3, TokensOf: 9,
	}
	for want, change := range map[string]func(*api.Status){
		"":                   func(*api.Status) {},
		"network document  ": func(s *api.Status) { s.Until = time.Time{} },
		"clock":              func(s *api.Status) { s.Epoch = 9 },
		"clock ":             func(s *api.Status) { s.Document = 10 },
		"connection":         func(s *api.Status) { s.Connected, s.Epoch = false, 9 },
		"connection ":        func(s *api.Status) { s.Serves, s.Failing = false, 600 },
		"network document":   func(s *api.Status) { s.Until = now.Add(-time.Second) },
		"loops":              func(s *api.Status) { s.Loops = 0.5 },
		"write tokens":       func(s *api.Status) { s.Tokens = 0 },
		"trouble": func(s *api.Status) {
			s.Trouble = []api.Trouble{{What: "somebody lies", Do: "Ask."}}
		},
	} {
		s := well
		change(&s)
		var ill []string
		for _, f := range diagnose(s) {
			if !f.OK {
				ill = append(ill, f.What)
			}
			if f.OK != (f.Do == "") || f.Says == "" || strings.Contains(f.Says, "0001") {
				t.Errorf("%q: %+v", want, f)
			}
		}
		if got := strings.Join(ill, ", "); got != strings.TrimSpace(want) {
			t.Errorf("%q: it says that %q is wrong", want, got)
		}
	}
	if first := diagnose(api.Status{Now: now}); first[0].What != "clock" || !first[0].OK ||
		first[2].OK {
		t.Errorf("before anything came: %+v", first)
	}
}
