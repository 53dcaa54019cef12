package scenario

import (
	"regexp"
	"strings"
	"testing"
)

// The written file must run as it is, and also with every comment sign in front of a default taken
// away.
func TestCommentedFileIsValid(t *testing.T) {
	text := Commented()
	mustParse(t, text)
	var bare []string
	assignment := regexp.MustCompile(`^# (\w+ = .+)$`)
	example := false
	for line := range strings.Lines(strings.TrimSuffix(text, commentedLists)) {
		line = strings.TrimSuffix(line, "\n")
		m := assignment.FindStringSubmatch(line)
		if m != nil && !example {
			line = m[1]
		}
		if m == nil {
			example = strings.HasSuffix(line, noDefault) // its value may contradict others
		}
		bare = append(bare, line)
	}
	f := mustParse(t, strings.Join(bare, "\n"))
	for _, k := range Keys() {
		if !strings.HasPrefix(k.Path, "check") && !strings.HasPrefix(k.Path, "cover") &&
			k.Default != "" && !f.Cells[0].says(k.Path) {
			t.Errorf("%s does not stand in the commented file", k.Path)
		}
	}
}

func TestExplainNamesTheOrigin(t *testing.T) {
	f := mustParse(t, "[mix]\nmean_delay = \"2s\"\n[[sweep]]\n\"topology.layers\" = [3, 4]\n")
	origins := map[string]string{}
	for _, s := range f.Explain(f.Cells[0]) {
		origins[s.Key] = s.From
	}
	for key, want := range map[string]string{
		"mix.mean_delay": "file", "topology.layers": "sweep", "topology.width": "default",
		"clients.loop_every": "",
	} {
		if origins[key] != want {
			t.Errorf("%s comes from %q, want %q", key, origins[key], want)
		}
	}
}
