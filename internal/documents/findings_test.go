package documents

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"murmuration/internal/directory"
)

// TestEvidenceIsChecked: a file that somebody changed frightens nobody, and stops no node.
func TestEvidenceIsChecked(t *testing.T) {
	w := newNetwork(t)
	one := w.signed(2, nil)
	other := w.signed(2, func(d *directory.Document) { d.Nodes[0].Packets = 10 })
	good := directory.Contradiction{One: one, Other: other}
	forged := good
	unsigned := *other
	unsigned.Signatures = nil
	forged.Other = &unsigned
	list := marshalFindings([]Finding{{Epoch: 2, Proof: &good}})
	for i, c := range []struct {
		findings, evidence []byte
		left               int
	}{
		{list, good.Marshal(), 1},
		{list, forged.Marshal(), 0},
		{list, (&directory.Contradiction{One: one, Other: one}).Marshal(), 0},
		{list, good.Marshal()[1:], 0},
		{list, nil, 0},
		{[]byte(`[{"epoch":2,"provider":"p2","held":"12","said":""}]`), nil, 0},
		{[]byte("nonsense"), nil, 0},
	} {
		dir := t.TempDir()
		err := os.WriteFile(filepath.Join(dir, findingsName), c.findings, 0o600)
		if err == nil && c.evidence != nil {
			err = os.WriteFile(filepath.Join(dir, "2"+evidenceSuffix), c.evidence, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		s := w.open(dir, slog.New(slog.NewTextHandler(&log, nil)))
		if n := len(s.Findings()); n != c.left {
			t.Errorf("case %d: %d findings", i, n)
		}
		if said := strings.Contains(log.String(), "left out"); said != (c.left == 0) {
			t.Errorf("case %d is told as %q", i, log.String())
		}
	}
}

// TestFindingsAreBounded: whoever can sign two documents an epoch must not fill the disk.
func TestFindingsAreBounded(t *testing.T) {
	w, dir := newNetwork(t), t.TempDir()
	s := w.open(dir, nil)
	for e := range directory.Epoch(5) {
		second := w.signed(e, func(d *directory.Document) { d.Nodes[0].Packets = 10 })
		if err := s.Add(w.at(e), w.signed(e, nil)); err != nil {
			t.Fatal(err)
		}
		if err := s.Add(w.at(e), second); err == nil {
			t.Fatal("a second document was taken")
		}
	}
	found := w.open(dir, nil).Findings()
	if got := fmt.Sprint(found[0].Epoch, found[len(found)-1].Epoch,
		len(found)); got != fmt.Sprint(0, maxProofs-1, maxProofs) {
		t.Errorf("kept are first, last and number %s", got)
	}
}
