package picture

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Found is something in a picture's file that is not picture, and does not go with it.
type Found struct {
	What  string // in our words
	Value string // what it says, at most maxValue bytes on one line; empty where it is no text
	Bytes int    // that it takes, where that is known
}

// Limits of what is told of a file.
const (
	maxFound = 40
	maxValue = 120
)

// told are the tags of EXIF by what they tell.
var told = map[string]string{
	"Make": "camera", "Model": "camera", "LensModel": "lens",
	"LensSerialNumber": "lens, its number",
	"SerialNumber":     "camera, its number", "CameraSerialNumber": "camera, its number",
	"Software": "program", "HostComputer": "computer", "DateTimeOriginal": "time",
	"ModifyDate": "time of the last change", "Artist": "author", "OwnerName": "owner",
	"Copyright": "copyright", "ImageDescription": "description", "UserComment": "comment",
	"ImageUniqueID": "number of the picture",
}

// Inspect says what a file has beside its picture, in the order of their names; at most maxFound.
func Inspect(file []byte) (found []Found) {
	add := func(what string, value any, size int) {
		f := Found{what, oneLine(value), size}
		if len(found) < maxFound && !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	format := formatOf(file)
	inspectEXIF(file, format, add)
	switch format {
	case "jpeg":
		inspectJPEG(file, add)
	case "png":
		inspectPNG(file, add)
	case "webp":
		inspectWebP(file, add)
	}
	if _, animated := still(file); animated {
		add("further frames of an animation", "", 0)
	}
	slices.SortStableFunc(found, func(a, b Found) int { return strings.Compare(a.What, b.What) })
	return found
}

func formatOf(file []byte) string {
	switch {
	case bytes.HasPrefix(file, []byte(magic[0])):
		return "jpeg"
	case bytes.HasPrefix(file, []byte(pngMagic)):
		return "png"
	case bytes.HasPrefix(file, []byte("RIFF")):
		return "webp"
	}
	return "gif"
}

func inspectEXIF(file []byte, format string, add func(string, any, int)) {
	if metaFormats[format] == 0 {
		return
	}
	all := readEXIF(file, format, func(tag string) bool {
		return told[tag] != "" || strings.HasPrefix(tag, "GPS")
	})
	for _, tag := range slices.Sorted(maps.Keys(all)) {
		if told[tag] != "" {
			add(told[tag], all[tag], 0)
		}
	}
	lat, ok := all["GPSLatitude"].(float64)
	long, okay := all["GPSLongitude"].(float64)
	if ok && okay {
		add("place", fmt.Sprintf("%.5f %v, %.5f %v", lat, all["GPSLatitudeRef"], long,
			all["GPSLongitudeRef"]), 0)
	} else if slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(tag string) bool {
		return strings.HasPrefix(tag, "GPS") && tag != "GPSVersionID"
	}) {
		add("something of a place", "", 0)
	}
}

// applications are what the segments APP1 to APP13 of a JPEG begin with.
var applications = []struct{ begins, what string }{
	{"Exif\x00", "EXIF"}, {"http://ns.adobe.com/", "XMP"}, {iccHeader, "colour profile"},
	{"Photoshop", "Photoshop's, IPTC"}, {"MPF\x00", "further pictures"}, {"JFIF\x00", ""},
	{"JFXX", "thumbnail"}, {"Adobe", ""},
}

func inspectJPEG(file []byte, add func(string, any, int)) {
	end := 0
	for s := range jpegSegments(file) {
		end = s.end
		switch {
		case s.marker == markerCOM:
			add("comment", string(s.data), len(s.data))
		case s.marker >= markerAPP0 && s.marker <= markerAPP0+15:
			what := fmt.Sprintf("something that a program put there (APP%d)", s.marker-markerAPP0)
			for _, a := range applications {
				if bytes.HasPrefix(s.data, []byte(a.begins)) {
					what = a.what
				}
			}
			if what != "" {
				add(what, "", len(s.data))
			}
		}
	}
	if behind := len(file) - end; behind > 0 {
		add("something behind the end of the picture", "", behind)
	}
}

// pngPicture are the chunks that are the picture and its shape.
var pngPicture = []string{"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "sRGB", "gAMA", "cHRM", "cICP",
	"sBIT", "bKGD", "pHYs", "acTL", "fcTL", "fdAT", "hIST"}

func inspectPNG(file []byte, add func(string, any, int)) {
	end := 0
	for c := range pngChunks(file) {
		end = c.end
		switch c.name {
		case "tEXt", "zTXt", "iTXt":
			key, value, _ := bytes.Cut(c.data, []byte{0})
			if c.name != "tEXt" {
				value = nil
			}
			add("text “"+oneLine(string(key))+"”", string(value), len(c.data))
		case "tIME":
			add("time of the last change", "", len(c.data))
		case "eXIf":
			add("EXIF", "", len(c.data))
		case "iCCP":
			add("colour profile", "", len(c.data))
		default:
			if !slices.Contains(pngPicture, c.name) {
				add("something of a program (“"+oneLine(c.name)+"”)", "", len(c.data))
			}
		}
	}
	if behind := len(file) - end; behind > 0 {
		add("something behind the end of the picture", "", behind)
	}
}

func inspectWebP(file []byte, add func(string, any, int)) {
	end := 0
	names := map[string]string{"EXIF": "EXIF", "XMP ": "XMP", "ICCP": "colour profile"}
	for c := range webpChunks(file) {
		end = c.end
		if what := names[c.name]; what != "" {
			add(what, "", len(c.data))
		}
	}
	if behind := len(file) - end; behind > 0 {
		add("something behind the end of the picture", "", behind)
	}
}

// oneLine makes of what a file says something that can be shown: no control characters, none that
// turn text around, cut where it is long.
func oneLine(value any) string {
	s, ok := value.(string)
	if !ok && value != nil {
		s = fmt.Sprint(value)
	}
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	s = strings.Join(strings.Fields(s), " ")
	for len(s) > maxValue {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
