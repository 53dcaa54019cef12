package checkup

import (
	"strings"
	"testing"

	"murmuration/internal/directory"
)

// History: the provider of an authority was told to leave, and nothing said what goes with it.
func TestSigns(t *testing.T) {
	g := &directory.Genesis{
		Authorities: []directory.Authority{{ID: directory.NodeID{1}}, {ID: directory.NodeID{2}}},
		Threshold:   2,
	}
	if got := Signs(g, directory.NodeID{2}); !strings.Contains(got, "2 must sign") {
		t.Errorf("an authority's: %q", got)
	}
	if got := Signs(g, directory.NodeID{3}); got != "" {
		t.Errorf("another's: %q", got)
	}
}
