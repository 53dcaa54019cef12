// Package screen is pictures on a terminal: in the graphics of kitty, of iTerm2 or of sixel where
// the environment says that the terminal has them, and else in half blocks of text, of 24 bits or
// of 256 colours.
//
// It asks no terminal anything, since an answer would come among what a person types. It must not
// write to what is no terminal, and must not be given what a stranger encoded: it decodes in this
// process, and takes files of package picture alone.
package screen

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/iterm2"
	"github.com/charmbracelet/x/ansi/kitty"
	"github.com/charmbracelet/x/ansi/sixel"
	"golang.org/x/image/draw"

	"murmuration/client/picture"
)

// Kind is what a terminal can show.
type Kind uint8

// Kinds of terminals.
const (
	None  Kind = iota
	Kitty      // its graphics protocol
	ITerm      // inline images of iTerm2
	Sixel
	TrueColour // half blocks of 24 bits
	Colour256  // half blocks of the 256 colours of xterm
)

// A cell of a terminal is taken to have so many pixels, where it is not known.
const (
	cellWidth  = 8
	cellHeight = 16
)

// margin stands before each line of half blocks.
const margin = "    "

// Draw shows a JPEG file of package picture in at most so many columns and rows, and ends the line.
func Draw(w io.Writer, k Kind, file []byte, columns, rows int) error {
	if _, _, err := picture.Plain(file); err != nil {
		return errors.New("not a picture that this program encoded")
	}
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		return err
	}
	columns = max(columns-len(margin), 1)
	var out bytes.Buffer
	switch k {
	case Kitty:
		err = drawKitty(&out, fit(img, columns*cellWidth, rows*cellHeight))
	case ITerm:
		out.WriteString(ansi.ITerm2(iterm2.File{
			Inline: true, Size: int64(len(file)), Width: iterm2.Cells(width(img, columns, rows)),
			Content: base64.StdEncoding.AppendEncode(nil, file),
		}) + "\n")
	case Sixel:
		err = drawSixel(&out, fit(img, columns*cellWidth, rows*cellHeight))
	case TrueColour, Colour256:
		blocks(&out, fit(img, columns, 2*rows), k == TrueColour)
	}
	if err == nil {
		_, err = w.Write(out.Bytes())
	}
	return err
}

func drawKitty(out *bytes.Buffer, img image.Image) error {
	err := kitty.EncodeGraphics(out, img, &kitty.Options{
		Action: kitty.TransmitAndPut, Transmission: kitty.Direct, Format: kitty.PNG, Chunk: true,
		Quiet: 2, // an answer would be typed by nobody
	})
	out.WriteString("\n")
	return err
}

func drawSixel(out *bytes.Buffer, img image.Image) error {
	var data bytes.Buffer
	err := new(sixel.Encoder).Encode(&data, img)
	out.WriteString(ansi.SixelGraphics(0, 1, 0, data.Bytes()) + "\n")
	return err
}

// width is how many columns a picture takes of those that there are.
func width(img image.Image, columns, rows int) int {
	b := img.Bounds()
	return max(1, min(columns, rows*cellHeight*b.Dx()/max(1, b.Dy())/cellWidth))
}

// fit scales a picture down, as far as it has to, with what is beside it as it is.
func fit(img image.Image, most, high int) *image.RGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if w > most {
		w, h = most, h*most/w
	}
	if h > high {
		w, h = w*high/h, high
	}
	out := image.NewRGBA(image.Rect(0, 0, max(w, 1), max(h, 1)))
	draw.CatmullRom.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}

// Detect says by the environment alone what a terminal can show. MURMUR_PICTURES decides where it
// is set: kitty, iterm2, sixel, blocks, blocks256, none.
func Detect(env func(string) string) Kind {
	if k, ok := wanted[env("MURMUR_PICTURES")]; ok {
		return k
	}
	term, program := env("TERM"), env("TERM_PROGRAM")
	inside := env("TMUX") != "" || env("STY") != "" || strings.HasPrefix(term, "screen") ||
		strings.HasPrefix(term, "tmux") // which passes no graphics on
	switch {
	case term == "" || term == "dumb" || env("NO_COLOR") != "":
		return None
	case inside:
		return text(env)
	case term == "xterm-kitty" || env("KITTY_WINDOW_ID") != "" || term == "xterm-ghostty" ||
		program == "ghostty":
		return Kitty
	case program == "iTerm.app" || program == "WezTerm" || env("LC_TERMINAL") == "iTerm2":
		return ITerm
	case strings.Contains(term, "sixel") || strings.HasPrefix(term, "foot") ||
		strings.HasPrefix(term, "mlterm") || term == "yaft-256color" || program == "mintty" ||
		term == "contour":
		return Sixel
	}
	return text(env)
}

var wanted = map[string]Kind{
	"kitty": Kitty, "iterm2": ITerm, "sixel": Sixel, "blocks": TrueColour,
	"blocks256": Colour256, "none": None,
}

// text is what a terminal without graphics can show.
func text(env func(string) string) Kind {
	switch colours := env("COLORTERM"); {
	case colours == "truecolor" || colours == "24bit":
		return TrueColour
	case strings.Contains(env("TERM"), "256color"):
		return Colour256
	}
	return None
}
