package content

import (
	"strings"
	"unicode"
)

// alphabets are those whose letters look like each other's.
var alphabets = []*unicode.RangeTable{
	unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee,
	unicode.Coptic, unicode.Lisu,
}

// Mixed says whether a text has letters of several alphabets that look like each other's: nobody's
// name has, but one that is to be taken for another.
func Mixed(s string) bool {
	n := 0
	for _, a := range alphabets {
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(a, r) }) {
			n++
		}
	}
	return n > 1
}

// alike has letters that look like a Latin one, in pairs.
var alike = strings.NewReplacer(
	// Cyrillic
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "i", "ј", "j",
	"ѕ", "s", "ԁ", "d", "һ", "h", "ԛ", "q", "ԝ", "w", "ӏ", "l", "ё", "e", "ї", "i",
	"А", "A", "В", "B", "Е", "E", "К", "K", "М", "M", "Н", "H", "О", "O", "Р", "P", "С", "C",
	"Т", "T", "У", "Y", "Х", "X", "І", "l", "Ј", "J", "Ѕ", "S", "З", "3", "Ё", "E",
	// Greek
	"α", "a", "ο", "o", "ν", "v", "ρ", "p", "υ", "u", "ι", "i", "κ", "k", "ό", "o", "ί", "i",
	"Α", "A", "Β", "B", "Ε", "E", "Ζ", "Z", "Η", "H", "Ι", "l", "Κ", "K", "Μ", "M", "Ν", "N",
	"Ο", "O", "Ρ", "P", "Τ", "T", "Υ", "Y", "Χ", "X",
	// Armenian, and Latin ones among each other
	"օ", "o", "ո", "n", "ս", "u", "հ", "h", "զ", "q",
	"ı", "i", "ɑ", "a", "ɡ", "g", "I", "l", "1", "l", "|", "l", "0", "o", "rn", "m",
)

// Skeleton is the same of names that look alike, as most of their letters are concerned.
func Skeleton(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.M, unicode.Cf) || unicode.IsSpace(r) || unicode.IsPunct(r) {
			return -1
		}
		return r
	}, name)
	return strings.ToLower(alike.Replace(name))
}

// Alike says whether a name can be taken for another.
func Alike(a, b string) bool {
	small := strings.ToLower
	alike := Skeleton(a) == Skeleton(b) || Skeleton(small(a)) == Skeleton(small(b))
	return strings.EqualFold(a, b) || alike && Skeleton(a) != ""
}

// Hidden says whether a text has a character that is not seen, and that no script or emoji needs
// where it stands: two names differ by it, and nobody sees how.
func Hidden(s string) bool {
	letter := true // what stands before is one of the alphabets, or nothing
	for _, r := range s {
		seen := !unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point,
			unicode.Variation_Selector)
		if !seen && (letter || strings.ContainsRune(idle, r)) || r == brailleBlank {
			return true
		}
		letter = seen && unicode.In(r, alphabets...)
	}
	return false
}

// idle are characters that are not seen and join nothing: no word needs one.
const idle = "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060\u2061\u2062\u2063" +
	"\u2064\u3164\ufeff\uffa0"
