package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"io"

	"murmuration/client/icc"
)

// toSRGB makes the colours of a picture those of sRGB, by what its file says of them. It says
// whether that was understood; if not, they are left as they are.
func toSRGB(img *image.RGBA, file []byte, format string) bool {
	p, understood := profileOf(file, format)
	if p != nil && !p.Plain() {
		p.SRGB(img)
	}
	return understood
}

// profileOf is the colour profile of a file; nil is sRGB. One that is damaged counts as none, one
// of a kind that is not read is not understood.
func profileOf(file []byte, format string) (p *icc.Profile, understood bool) {
	var raw []byte
	switch format {
	case "jpeg":
		if raw = jpegProfile(file); raw == nil && adobeRGB(file) {
			return icc.AdobeRGB(), true
		}
	case "png":
		return pngColours(file)
	case "webp":
		for c := range webpChunks(file) {
			if c.name == "ICCP" {
				raw = c.data
			}
		}
	}
	return parseProfile(raw)
}

func parseProfile(raw []byte) (*icc.Profile, bool) {
	if raw == nil {
		return nil, true
	}
	p, err := icc.Parse(raw)
	return p, err == nil
}

const iccHeader = "ICC_PROFILE\x00"

// jpegProfile puts the pieces of a profile together (ICC.1:2022, annex B.4), as they come: every
// program writes them in order.
func jpegProfile(file []byte) (raw []byte) {
	for s := range jpegSegments(file) {
		piece, ok := bytes.CutPrefix(s.data, []byte(iccHeader))
		if s.marker == markerAPP0+2 && ok && len(piece) > 2 && len(raw) < icc.MaxProfile {
			raw = append(raw, piece[2:]...)
		}
	}
	return raw
}

// pngColours is what a PNG says of its colours: cICP before iCCP before sRGB before gAMA and cHRM,
// as its third edition has it.
func pngColours(file []byte) (*icc.Profile, bool) {
	chunks := map[string][]byte{}
	for c := range pngChunks(file) {
		if c.name == "IDAT" {
			break
		}
		if chunks[c.name] == nil {
			chunks[c.name] = c.data
		}
	}
	if c := chunks["cICP"]; len(c) == 4 {
		p := icc.Coded(c[0], c[1])
		return p, p != nil
	}
	if c := chunks["iCCP"]; c != nil {
		return parseProfile(inflateProfile(c))
	}
	if gamma := chunks["gAMA"]; len(gamma) == 4 && chunks["sRGB"] == nil {
		return pngGamma(binary.BigEndian.Uint32(gamma), chunks["cHRM"])
	}
	return nil, true
}

// webGamma is the gAMA that everybody writes who means sRGB.
const webGamma = 45455

func pngGamma(gamma uint32, chromaticities []byte) (*icc.Profile, bool) {
	if gamma == webGamma && chromaticities == nil {
		return nil, true
	}
	if len(chromaticities) != 32 {
		return icc.Gamma(gamma, nil), true
	}
	var all [8]uint32
	for i := range all {
		all[i] = binary.BigEndian.Uint32(chromaticities[4*i:])
	}
	return icc.Gamma(gamma, &all), true
}

// inflateProfile is what an iCCP holds behind a name and a method: never more than a profile may
// have, whatever is squeezed into it.
func inflateProfile(c []byte) []byte {
	_, squeezed, ok := bytes.Cut(c, []byte{0})
	if !ok || len(squeezed) < 1 {
		return []byte{}
	}
	r, err := zlib.NewReader(bytes.NewReader(squeezed[1:]))
	if err != nil {
		return []byte{}
	}
	raw, _ := io.ReadAll(io.LimitReader(r, icc.MaxProfile+1))
	return raw
}
