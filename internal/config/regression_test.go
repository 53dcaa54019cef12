package config

// Each test here is of a bug that was there once, with a line of its history.

import (
	"fmt"
	"strings"
	"testing"

	"murmuration/configs"
)

// History: Errors of the network's rules lost the line of the key that they are about.
//
// TestBrokenRuleHasItsLine: what the network's rules say of a preset is shown with the line of the
// value.
func TestBrokenRuleHasItsLine(t *testing.T) {
	text, err := configs.Network.ReadFile("network/fast.toml")
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(text), "layers = 3", "layers = 30", 1)
	before, _, _ := strings.Cut(broken, "layers = 30")
	want := fmt.Sprintf("p.toml:%d:1: layers is 30: want 1 to ", 1+strings.Count(before, "\n"))
	if err := Decode("p.toml", []byte(broken), new(Preset)); err == nil ||
		!strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
