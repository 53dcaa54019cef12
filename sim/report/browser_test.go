package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"murmuration/internal/long"
)

// TestPageInABrowser opens a report in a real browser without a network and looks for every section
// that its script should have drawn. MURMUR_BROWSER names the browser: a Chromium.
func TestPageInABrowser(t *testing.T) {
	browser := long.Text("MURMUR_BROWSER")
	if browser == "" {
		t.Skip("needs a browser: just browser (MURMUR_BROWSER=chromium)")
	}
	page := written(t)
	sections := []string{"latency", "entropy", "explore", "checks", "numbers"}
	if missing := undrawn(t, browser, page, sections); len(missing) > 0 {
		t.Errorf("not drawn: %v", missing)
	}
	t.Logf("%d sections drawn", len(sections))
	broken := strings.Replace(page, `"use strict";`, `"use strict"; throw new Error("control");`, 1)
	if missing := undrawn(t, browser, broken, sections); broken == page ||
		len(missing) != len(sections) {
		t.Errorf("control: a script that fails leaves only %v undrawn", missing)
	}
}

// written is a page of a small run that has something for every section.
func written(t *testing.T) string {
	t.Helper()
	p, err := FromFolder(results(t))
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := Write(&page, p); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func undrawn(t *testing.T, browser, page string, sections []string) (missing []string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "report.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	dom, err := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu",
		"--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=8000",
		"--dump-dom", "file://"+file).Output()
	if err != nil {
		t.Fatalf("running %s: %v", browser, err)
	}
	for _, id := range sections {
		if !strings.Contains(string(dom), `<section id="`+id+`">`) {
			missing = append(missing, id)
		}
	}
	return missing
}
