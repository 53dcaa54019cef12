package main

import (
	"encoding/json"
	"go/ast"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var metricName = regexp.MustCompile(`\bmurmur_[a-z_]+`)

// usePackaged checks a file that volunteers install.
func usePackaged(t *testing.T, name string, text []byte) {
	switch {
	case strings.HasSuffix(name, ".service"):
		useUnit(t, strings.TrimSuffix(strings.TrimPrefix(name, "murmur-"), ".service"),
			string(text))
	case name == "dashboard.json", name == "alerts.yml", name == "alerts.test.yml":
		if name == "dashboard.json" && !json.Valid(text) {
			t.Error("not JSON")
		}
		known := shownMetrics(t)
		found := metricName.FindAllString(string(text), -1)
		if len(found) < 5 {
			t.Errorf("looks at %q only", found)
		}
		for _, metric := range found {
			if !known[metric] {
				t.Errorf("no node shows %s", metric)
			}
		}
	case name == "nfpm.yaml":
		for _, file := range regexp.MustCompile(`src: (configs/[^\s*]+|docs/|LICENSE)`).
			FindAllStringSubmatch(string(text), -1) {
			dir := file[1][:strings.LastIndexByte("/"+file[1], '/')]
			if _, err := os.Stat("./" + dir); err != nil {
				t.Error(err)
			}
		}
	default:
		t.Error("nothing uses this file")
	}
}

// useUnit checks that a unit starts a command that there is, from the home that it is given, and
// that it lets no memory be dumped.
func useUnit(t *testing.T, role, text string) {
	home := "/var/lib/murmur-" + role
	for _, line := range []string{
		"ExecStart=/usr/bin/murmur " + role + " run --home " + home,
		"StateDirectory=murmur-" + role,
		"ConditionPathExists=" + home + "/" + role + ".toml", "LimitCORE=0", "DynamicUser=yes",
		"Type=notify",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("without %s", line)
		}
	}
	if _, err := os.Stat("configs/" + role + ".toml"); err != nil {
		t.Errorf("there is no such role: %v", err)
	}
}

// shownMetrics are the names of all metrics that the program makes.
func shownMetrics(t *testing.T) map[string]bool {
	t.Helper()
	shown := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				if text, err := strconv.Unquote(lit.Value); err == nil &&
					metricName.FindString(text) == text && text != "" {
					shown[text] = true
				}
			}
			return true
		})
	}
	return shown
}

// TestMetricsThatNobodyShowsAreFound is the control.
func TestMetricsThatNobodyShowsAreFound(t *testing.T) {
	shown := shownMetrics(t)
	if !shown["murmur_links_up"] || shown["murmur_links_upp"] {
		t.Errorf("of %d metrics", len(shown))
	}
}
