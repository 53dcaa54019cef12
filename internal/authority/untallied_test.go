package authority

import (
	"strings"
	"testing"
	"time"
)

// History: After a mix that the network needed was evicted, nothing but the log said why there were
// no more documents.
//
// TestUntallied: whoever looks at a home reads why there is no document, and of which epoch.
func TestUntallied(t *testing.T) {
	l := newLone(t)
	a := l.open()
	if u := ReadUntallied(l.home); u != nil {
		t.Fatalf("control: it has failed already: %+v", u)
	}
	end := l.start.Add(time.Hour)
	for now := l.start; now.Before(end) && ReadUntallied(l.home) == nil; {
		next, err := a.advance(now)
		if err != nil {
			t.Fatal(err)
		}
		now = next
	}
	u := ReadUntallied(l.home)
	if u == nil || !strings.Contains(u.Why, "epoch") || a.Documents.Latest() != nil {
		t.Errorf("without any node: %+v", u)
	}
}
