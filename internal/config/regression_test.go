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

// History: The mark under an excerpt stood as many places to the right as letters before it had
// bytes more than one.
func TestMarkAfterLettersOfSeveralBytes(t *testing.T) {
	err := Decode("x", []byte("edge = { listen = \"größe🐦\", liste = 1 }\n"), new(settings))
	if err == nil {
		t.Fatal("taken")
	}
	lines := strings.Split(err.Error(), "\n")
	var at int
	for i, r := range []rune(lines[len(lines)-2]) {
		if r == ',' {
			at = i + 2 // the unknown key
		}
	}
	if got := len([]rune(lines[len(lines)-1])) - 1; got != at {
		t.Errorf("the mark is in column %d, want %d:\n%v", got, at, err)
	}
}

// History: A size of 2^53 bytes or more was read as another that is near.
func TestSizesAreExactOrRefused(t *testing.T) {
	var s Size
	if err := s.UnmarshalText([]byte("9007199254740993 B")); err == nil {
		t.Errorf("2^53+1 bytes are read as %d", s.Bytes)
	}
	if err := s.UnmarshalText([]byte("8191 TiB")); err != nil || s.Bytes != 8191<<40 {
		t.Errorf("control: 8191 TiB are %d, %v", s.Bytes, err)
	}
}

// History: A duration too long for the computer was told that it lacks a unit.
func TestTooLongIsSaid(t *testing.T) {
	for text, want := range map[string]string{
		"999999999h": "longer than", "99999999999d": "longer than", "999999999min": "longer than",
		"5": "with a unit", "1.5.5h": "with a unit", "-999999999h": "with a unit",
		"h": "with a unit",
	} {
		var d Duration
		err := d.UnmarshalText([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
