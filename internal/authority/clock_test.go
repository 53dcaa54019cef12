package authority

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
)

// TestAloneComparesClocks: an authority that stands alone says once that its clock is off by more
// than its words can bear, by how much, and that it is right again; by less, or with nobody to
// compare with, it says nothing.
func TestAloneComparesClocks(t *testing.T) {
	par, err := config.LoadPreset("default") // epochs of an hour
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	n := &Node{cfg: node.Config{Log: slog.New(slog.NewTextHandler(&said, nil))},
		authority: &Authority{Options: Options{Home: &node.Home{
			Genesis: &directory.Genesis{Parameters: par, Fault: 1}}}}}
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	off := func(by time.Duration) (lines int) {
		said.Reset()
		for i := range byte(3) {
			n.clocks.Hear(link.PublicKey{i}, now.Add(by), now, now)
		}
		n.compareClocks(now)
		n.compareClocks(now)
		return strings.Count(said.String(), "\n")
	}
	n.compareClocks(now)
	for _, one := range []struct {
		by    time.Duration
		lines int
		word  string
	}{
		{time.Minute, 0, ""}, {time.Hour, 1, "1h0m0s behind"}, {time.Hour, 0, ""},
		{0, 1, "right again"}, {-5 * time.Minute, 1, "5m0s ahead"},
	} {
		if lines := off(one.by); lines != one.lines || !strings.Contains(said.String(), one.word) {
			t.Errorf("others are %s ahead: %d lines, want %d with %q: %s", one.by, lines, one.lines,
				one.word, &said)
		}
	}
}
