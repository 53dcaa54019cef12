package config

import (
	"strings"
	"testing"

	"murmuration/internal/directory"
)

func TestPresets(t *testing.T) {
	names := Presets()
	if strings.Join(names, " ") != "default demo fast x25519" {
		t.Fatalf("presets are %v", names)
	}
	for _, name := range names {
		p, err := LoadPreset(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if p.Request() != 8404 {
			t.Errorf("%s: request of %d bytes", name, p.Request())
		}
		if err := p.ValidateFor(3); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The presets of the default network say what the code says.
func TestPresetsAreTheDefaults(t *testing.T) {
	for name, suite := range map[string]string{"default": "xwing", "x25519": "x25519"} {
		got, err := LoadPreset(name)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := directory.Defaults(suite); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
}

func TestLoadPresetRefuses(t *testing.T) {
	if _, err := LoadPreset("defualt"); err == nil ||
		!strings.Contains(err.Error(), "default, demo, fast, x25519") {
		t.Error(err)
	}
	if _, err := LoadPreset("./no-such-file.toml"); err == nil ||
		!strings.Contains(err.Error(), "no-such-file.toml") {
		t.Error(err)
	}
}
