package screen

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi/sixel"

	"murmuration/client/picture"
)

// half is a file of this program's own: red above, blue below.
func half(t *testing.T, w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			if y >= h/2 {
				c = color.RGBA{0, 0, 255, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	p, err := picture.Prepare(b.Bytes(), 1<<17, 4000)
	if err != nil {
		t.Fatal(err)
	}
	return p.JPEG
}

func TestDetect(t *testing.T) {
	for want, all := range map[Kind][]string{
		Kitty: {"TERM=xterm-kitty", "TERM=xterm KITTY_WINDOW_ID=1", "TERM=xterm-ghostty",
			"TERM=dumb MURMUR_PICTURES=kitty"},
		ITerm: {"TERM=xterm-256color TERM_PROGRAM=iTerm.app", "TERM=x TERM_PROGRAM=WezTerm",
			"TERM=xterm-256color LC_TERMINAL=iTerm2"},
		Sixel:      {"TERM=foot", "TERM=mlterm-256color", "TERM=xterm TERM_PROGRAM=mintty"},
		TrueColour: {"TERM=xterm-256color COLORTERM=truecolor", "TERM=tmux COLORTERM=24bit"},
		Colour256: {"TERM=xterm-256color", "TERM=screen-256color KITTY_WINDOW_ID=1",
			"TERM=xterm-256color TMUX=1 TERM_PROGRAM=iTerm.app"},
		None: {"", "TERM=dumb COLORTERM=truecolor", "TERM=vt100", "TERM=xterm-kitty NO_COLOR=1",
			"TERM=xterm-kitty MURMUR_PICTURES=none"},
	} {
		for _, vars := range all {
			env := map[string]string{}
			for _, v := range strings.Fields(vars) {
				name, value, _ := strings.Cut(v, "=")
				env[name] = value
			}
			if got := Detect(func(name string) string { return env[name] }); got != want {
				t.Errorf("%q is %d, not %d", vars, got, want)
			}
		}
	}
}

func drawn(t *testing.T, k Kind, file []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := Draw(&out, k, file, 44, 10); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestBlocks: lines and cells are as many as they may be, and colours are those of the picture.
func TestBlocks(t *testing.T) {
	for k, colours := range map[Kind][2]string{
		TrueColour: {`38;2;2[45]\d;\d;\d`, `38;2;\d;\d;2[45]\d`},
		Colour256:  {"38;5;196", "38;5;21"},
	} {
		got := drawn(t, k, half(t, 320, 160))
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		if len(lines) != 10 || strings.Count(lines[0], "▀") != 40 {
			t.Errorf("%d lines of %d cells", len(lines), strings.Count(lines[0], "▀"))
		}
		for i, want := range map[int]string{0: colours[0], 9: colours[1]} {
			if !regexp.MustCompile(want).MatchString(lines[i]) {
				t.Errorf("no %s in %q", want, lines[i][:60])
			}
		}
		for _, l := range lines {
			if !strings.HasPrefix(l, margin) || !strings.HasSuffix(l, "\x1b[0m") {
				t.Errorf("a line is not set off: %q", l[:20])
			}
		}
	}
	if got := nearest(color.RGBA{128, 128, 128, 255}); got != 244 {
		t.Errorf("a gray is number %d", got)
	}
	odd := drawn(t, TrueColour, half(t, 3, 5))
	if strings.Count(odd, "\n") != 3 || strings.Count(odd, "▀") != 9 {
		t.Errorf("of 3 × 5 pixels: %q", odd)
	}
}

// TestGraphics: each protocol's frame holds the picture.
func TestGraphics(t *testing.T) {
	file := half(t, 320, 320)
	k := drawn(t, Kitty, file)
	if !strings.HasPrefix(k, "\x1b_G") || !strings.Contains(k, "q=2") ||
		!strings.HasSuffix(k, "\n") {
		t.Errorf("kitty: %q", k[:60])
	}
	i := drawn(t, ITerm, file)
	if !strings.Contains(i, "inline=1:"+base64.StdEncoding.EncodeToString(file)) ||
		!strings.Contains(i, "width=20;") {
		t.Errorf("iTerm2: %q", i[:60])
	}
	s := drawn(t, Sixel, file)
	_, data, found := strings.Cut(s, "q")
	img, err := new(sixel.Decoder).Decode(strings.NewReader(strings.TrimSuffix(data, "\x1b\\\n")))
	if err != nil || !found {
		t.Fatal(err)
	}
	if r, _, _, _ := img.At(9, 9).RGBA(); r < 0xe000 || img.Bounds().Dx() > 320 {
		t.Errorf("sixel: %v, red %x", img.Bounds(), r)
	}
	if drawn(t, None, file) != "" {
		t.Error("a terminal that shows nothing is written to")
	}
}

// TestForeignFilesAreNotDrawn, since they would be decoded here.
func TestForeignFilesAreNotDrawn(t *testing.T) {
	foreign := append(half(t, 8, 8), 0)
	if err := Draw(new(bytes.Buffer), TrueColour, foreign, 40, 10); err == nil {
		t.Error("drawn")
	}
}
