package content

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Normalize is a text as it is sent, made of one as a person or their editor wrote it: every line
// break is \n, and nothing stands between a line's last word and its end, or behind the last line.
func Normalize(text string) string {
	text = lineBreaks.Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRightFunc(line, unicode.IsSpace)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

var lineBreaks = strings.NewReplacer(
	"\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n",
)

// CheckName refuses names that a list could not show on one line.
func CheckName(name string) error {
	if !line(name, maxName) || strings.TrimSpace(name) != name {
		return ErrName
	}
	return nil
}

// Quote is a claim as it is shown: in quotation marks, of which it has none inside, so that nobody
// ends them early and goes on in the words of whoever shows it; with a mark behind them if it may
// be made to look like another.
func Quote(claim string) string {
	quoted := "“" + strings.NewReplacer("“", `"`, "”", `"`).Replace(claim) + "”"
	if Mixed(claim) {
		quoted += " [letters of several alphabets]"
	}
	if Hidden(claim) {
		quoted += " [characters that are not seen]"
	}
	return quoted
}

// line says whether s can be shown on one line, and seen, and has at most so many bytes.
func line(s string, most int) bool {
	return len(s) <= most && printable(s) && !strings.ContainsAny(s, "\n\t") && Visible(s)
}

// printable refuses what could move a terminal's cursor, break a line without seeming to, or turn
// text around: what Unicode calls embeddings, overrides and isolates. The marks that Arabic and
// Hebrew need between words, and the joiners of many scripts and of emoji, are text.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '\n' && r != '\t' && Unprintable(r)
	})
}

// Unprintable says whether a character is no text, but would do something to what stands around it.
func Unprintable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || Turns(r)
}

// Turns says whether a character turns text around until something ends that.
func Turns(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// Visible says whether anything of a text can be seen: it is more than blanks, fillers, joiners,
// selectors, and accents that stand on nothing.
func Visible(s string) bool { return strings.ContainsFunc(s, visible) }

const brailleBlank = '\u2800'

func visible(r rune) bool {
	return r != brailleBlank && !unicode.IsControl(r) && !unicode.In(r, invisible...)
}

var invisible = []*unicode.RangeTable{
	unicode.Z, unicode.M, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point,
	unicode.Noncharacter_Code_Point,
}
