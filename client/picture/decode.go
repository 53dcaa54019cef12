package picture

import (
	"bytes"
	"errors"
	"image"
	_ "image/gif" // formats that people have
	_ "image/jpeg"
	_ "image/png"
	"io"
	"strings"

	_ "golang.org/x/image/webp"

	"murmuration/client/fault"
)

// Faults of pictures.
var (
	ErrNotPicture = fault.New(
		fault.User, "not a picture that this program reads",
		"It reads JPEG, PNG, GIF and WebP: convert it first.",
	)
	ErrTooLarge = fault.New(
		fault.User, "the picture is too large",
		"It may have 32 MiB, 64 million pixels, and 65,536 on a side: make it smaller first.",
	)
	ErrCut = fault.New(
		fault.User, "the picture ends in its middle",
		"Copy it once more from where it is whole.",
	)
	ErrHEIC = fault.New(
		fault.User, "a HEIC picture, which this program does not read",
		"Export it as JPEG (on a phone: share it as “most compatible”), or run "+
			"`heif-convert picture.heic picture.jpg`.",
	)
	ErrAVIF = fault.New(
		fault.User, "an AVIF picture, which this program does not read",
		"Run `avifdec picture.avif picture.png`, or export it as JPEG.",
	)
	ErrDrawing = fault.New(
		fault.User, "a drawing or a page and not a picture",
		"SVG and HTML can hold more than is seen: export it as PNG.",
	)
)

// decode looks at the size before it decodes: a small file can claim a huge picture.
func decode(file []byte, most int64) (image.Image, string, error) {
	if len(file) > MaxFile {
		return nil, "", ErrTooLarge.With("%d bytes", len(file))
	}
	if err := Sniff(file); err != nil {
		return nil, "", err
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, "", undecoded(err)
	}
	if cfg.Width < 1 || cfg.Height < 1 {
		return nil, "", ErrNotPicture.With("%d × %d pixels", cfg.Width, cfg.Height)
	}
	if int64(cfg.Width)*int64(cfg.Height) > most || max(cfg.Width, cfg.Height) > maxSide {
		return nil, "", ErrTooLarge.With("%d × %d pixels", cfg.Width, cfg.Height)
	}
	img, format, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, "", undecoded(err)
	}
	return img, format, nil
}

func undecoded(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		strings.Contains(err.Error(), "short Huffman data") { // image/jpeg's word for it
		return ErrCut.With("%w", err)
	}
	return ErrNotPicture.With("%w", err)
}

// brands are those of the ISO media files that hold pictures.
var brands = map[string]error{
	"heic": ErrHEIC, "heix": ErrHEIC, "heim": ErrHEIC, "heis": ErrHEIC, "hevc": ErrHEIC,
	"mif1": ErrHEIC, "msf1": ErrHEIC, "avif": ErrAVIF, "avis": ErrAVIF,
}

// magic are the beginnings of the files that are read.
var magic = []string{"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF87a", "GIF89a"}

// Sniff says by its first bytes alone whether a file is one of the formats that are read; what it
// is else, as far as that helps.
func Sniff(file []byte) error {
	for _, m := range magic {
		if bytes.HasPrefix(file, []byte(m)) {
			return nil
		}
	}
	if len(file) >= 12 && string(file[:4]) == "RIFF" && string(file[8:12]) == "WEBP" {
		return nil
	}
	if len(file) >= 12 && string(file[4:8]) == "ftyp" {
		if err := brands[string(file[8:12])]; err != nil {
			return err
		}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(text) > 0 && text[0] == '<' {
		return ErrDrawing
	}
	return ErrNotPicture
}
