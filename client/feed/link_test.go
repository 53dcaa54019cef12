package feed

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"murmuration/client/boxstream"
	"murmuration/internal/box"
)

func writeCap(t testing.TB, seed byte) *box.WriteCap {
	c, err := box.NewWriteCap(rand.NewChaCha8([32]byte{seed}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func someLink(t testing.TB) Link {
	c := writeCap(t, 1)
	return Link{Network{1, 2, 3}, 17, boxstream.NewStart(c.ReadCap(), c.Start())}
}

func TestLinkIsTolerant(t *testing.T) {
	l := someLink(t)
	text := l.String()
	if len(text) != len(linkScheme)+140 {
		t.Errorf("the link has %d characters", len(text))
	}
	folded := text[:40] + "\r\n  " + text[40:90] + " " + text[90:]
	for _, s := range []string{text, strings.ToUpper(text), " <" + text + ">.", "\"" + text + "\"",
		folded, "«" + text + "»"} {
		if got, err := ParseLink(s); err != nil || got != l {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestLinkRefusals(t *testing.T) {
	text := someLink(t).String()
	later := append([]byte{2}, make([]byte, 100)...)
	for s, want := range map[string]error{
		"":                          ErrLink,
		"https://example.org":       ErrLink,
		strings.Repeat("a", 10_000): ErrLink,
		text[:len(text)-1]:          ErrChecksum,
		text + "a":                  ErrChecksum,
		linkScheme + strings.ToLower(encoding.EncodeToString(later)): errVersion,
	} {
		if _, err := ParseLink(s); !errors.Is(err, want) {
			t.Errorf("%.30q: %v, not %v", s, err, want)
		}
	}
}

// TestEveryTypoIsNoticed changes each character of a link to each other one.
func TestEveryTypoIsNoticed(t *testing.T) {
	text := someLink(t).String()
	for i := len(linkScheme); i < len(text); i++ {
		for _, c := range "abcdefghijklmnopqrstuvwxyz234567" {
			if byte(c) == text[i] {
				continue
			}
			if _, err := ParseLink(text[:i] + string(c) + text[i+1:]); err == nil {
				t.Fatalf("character %d changed to %c was not noticed", i, c)
			}
		}
	}
}

// TestLinkOfAnySpelling: what word processors put between letters, and as much around it as a
// parser looks at.
func TestLinkOfAnySpelling(t *testing.T) {
	l := someLink(t)
	text := l.String()
	long := text + strings.Repeat(" ", maxLinkText-len(text))
	for _, s := range []string{text[:60] + "\u200b\u00ad" + text[60:], long} {
		if got, err := ParseLink(s); err != nil || got != l {
			t.Errorf("%.40q: %v", s, err)
		}
	}
	if _, err := ParseLink(long + " "); !errors.Is(err, ErrLink) {
		t.Errorf("%d characters: %v", len(long)+1, err)
	}
}

// TestLinkWithAGoodChecksum is not believed for that alone.
func TestLinkWithAGoodChecksum(t *testing.T) {
	l := someLink(t)
	b := l.marshal()
	b = b[:len(b)-checksumSize]
	b[0] = 0
	b = append(b, checksum(b)...)
	old := linkScheme + strings.ToLower(encoding.EncodeToString(b))
	if _, err := ParseLink(old); !errors.Is(err, ErrChecksum) {
		t.Errorf("of version 0: %v", err)
	}
	clear(l.Stream[:])
	if _, err := ParseLink(l.String()); !errors.Is(err, ErrLink) {
		t.Errorf("without keys: %v", err)
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add(someLink(f).String())
	f.Add("<MURMUR:FEED/AEBAGBAF>")
	f.Add(linkScheme)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLink(text)
		if err != nil {
			return
		}
		if again, err := ParseLink(l.String()); err != nil || again != l {
			t.Fatalf("%q does not come back: %v", text, err)
		}
	})
}
