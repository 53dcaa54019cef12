package search

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxRunes is how much of a word counts.
const maxRunes = 32

// Words are those of a text, in its order: without case, accents and points, letters that are
// written in two ways in one of them. Where a script has no blanks between words, each sign is one.
func Words(text string) (words []string) {
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, string(word[:min(len(word), maxRunes)]))
		}
		word = word[:0]
	}
	// what is no UTF-8 would keep the sign behind it from being taken apart
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(text, "\uFFFD")) {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
		case unicode.In(r, alone...):
			end()
			word = append(word, r)
			end()
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Mc, r):
			word = append(word, fold(r)...)
		default:
			end()
		}
	}
	end()
	return words
}

// alone are the scripts that put no blanks between words.
var alone = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer,
	unicode.Myanmar,
}

// plain are letters that no normal form takes apart, as people type them.
var plain = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ł': "l", 'ı': "i", 'þ': "th",
	'ħ': "h", 'ς': "σ",
}

func fold(r rune) []rune {
	r = unicode.ToLower(r)
	if s, ok := plain[r]; ok {
		return []rune(s)
	}
	return []rune{r}
}

// head is the first n runes of a word, or all of it.
func head(word string, n int) string {
	for i := range word {
		if n == 0 {
			return word[:i]
		}
		n--
	}
	return word
}

// next is the rune of a word behind what it begins with; empty if there is none.
func next(word, beginning string) string {
	return head(strings.TrimPrefix(word, beginning), 1)
}
