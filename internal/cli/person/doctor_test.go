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
	// History: with a provider that was down, the advice was to check this computer's connection.
	for _, trouble := range [][]api.Trouble{nil, {{What: "our provider is down", Do: "Wait."}}} {
		s := well
		s.Connected, s.Serves, s.Trouble = false, false, trouble
		if strings.Contains(linkOf(s).Do, "this computer") != (trouble == nil) {
			t.Errorf("trouble %v: %q", trouble, linkOf(s).Do)
		}
	}
	// History: `guard show` marked nothing of a provider that was down or replaced.
	down := api.Status{Trouble: []api.Trouble{{What: "our provider is down"}}}
	if got := ownNote(down); !strings.Contains(got, "not connected; our provider is down") ||
		ownNote(well) != "your provider" {
		t.Errorf("guard show: %q and %q", got, ownNote(well))
	}
	// History: a document that had ended was called valid until a time gone by.
	for name, ended := range map[string]bool{"valid until": false, "ENDED at": true} {
		s := well
		if ended {
			s.Until = now.Add(-time.Second)
		}
		if line := documentLine(s); !strings.Contains(line, name) {
			t.Errorf("ended %v: %q", ended, line)
		}
	}
	if first := diagnose(api.Status{Now: now}); first[0].What != "clock" || !first[0].OK ||
		first[2].OK {
		t.Errorf("before anything came: %+v", first)
	}
}
