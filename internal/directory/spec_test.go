package directory

import (
	"bytes"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The worked example of docs/directory.md is what the code does.
func TestExampleOfTheSpecification(t *testing.T) {
	spec, err := os.ReadFile("../../docs/directory.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(spec), "## 9. Example")
	var hexes []string
	for _, m := range regexp.MustCompile("`([0-9a-f ]+)`").FindAllStringSubmatch(example, -1) {
		hexes = append(hexes, strings.ReplaceAll(m[1], " ", ""))
	}
	whole := bytes.Repeat([]byte{5}, 5000)
	buf := make([]byte, FrameSize)
	head := func(f frame, n int) string {
		f.put(buf)
		return hex.EncodeToString(buf[:n])
	}
	d := desk{library: &shelf{epoch: 7, whole: whole}}
	first, _ := d.answer(frame{op: opLatest})
	second, _ := d.answer(frame{op: opDocument, epoch: 7, piece: 1})
	got := []string{
		head(frame{op: opLatest}, 1), head(first, frameHead),
		head(frame{op: opDocument, epoch: 7, piece: 1}, frameHead), head(second, frameHead),
		hex.EncodeToString(Admissions{}.Marshal()),
	}
	if strings.Join(got, "\n") != strings.Join(hexes, "\n") {
		t.Errorf("the code gives\n%s\nthe specification says\n%s", strings.Join(got, "\n"), strings.Join(hexes, "\n"))
	}
	if maxRequests != 4120 || len(first.data) != 4076 || len(second.data) != 924 {
		t.Errorf("%d requests, pieces of %d and %d bytes", maxRequests, len(first.data), len(second.data))
	}
}
