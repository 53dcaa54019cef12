package person

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"murmuration/client/api"
)

// TestExportedPagesAreEscaped: what others say is text in a page, and nothing else.
func TestExportedPagesAreEscaped(t *testing.T) {
	const hostile = `<script>alert(1)</script>" onload="x`
	dir := t.TempDir()
	all := exported{
		[]exportedPost{{api.Post{
			ID: "abcdefgh", Author: hostile, Text: hostile, Warning: hostile, Circle: hostile,
		}, []string{"abcdefgh-1.jpg"}}},
		[]api.Message{{With: hostile, Text: hostile}},
	}
	if err := exportHTML(dir, all); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<script") || strings.Contains(string(page), `" onload`) {
		t.Errorf("the page runs what others say: %s", page)
	}
	if n := strings.Count(string(page), "&lt;script&gt;"); n != 6 {
		t.Errorf("control: of 6 texts %d are there", n)
	}
	if !strings.Contains(string(page), `src="abcdefgh-1.jpg"`) {
		t.Error("control: the photo is not there")
	}
}
