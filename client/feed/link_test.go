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
	return Link{
		Network: Network{1, 2, 3}, FirstDay: 17, Stream: boxstream.NewStart(c.ReadCap(), c.Start()),
	}
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
	later := append([]byte{3}, make([]byte, 100)...)
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

// TestShortLink has the head alone, forwards: of the week of its first day.
func TestShortLink(t *testing.T) {
	h, err := newOwnHead(rand.NewChaCha8([32]byte{3}), 1)
	if err != nil {
		t.Fatal(err)
	}
	l := someLink(t)
	l.Head, l.FirstDay = h.Head, 30
	text := l.String()
	got, err := ParseLink(text)
	if err != nil || len(text) != 107 || got.Head != h.Head.at(4) || got.FirstDay != 30 ||
		got.Stream == l.Stream || got.Head.Source() != h.Head.Source() || got.String() != text {
		t.Errorf("%d characters, %+v, %v", len(text), got, err)
	}
	if !got.of(box.NetworkID{1, 2, 3}) || got.of(box.NetworkID{1, 2, 3, 4}) {
		t.Error("of another network")
	}
}

// FuzzParseHead: what is taken has one spelling, and is no further away than anybody advances.
func FuzzParseHead(f *testing.F) {
	p := position{Epoch: 1, Start: someLink(f).Stream, Since: 3}
	_, before := p.Start.Before()
	p.Oldest, p.Next = before+1, before+9
	b, err := p.marshal()
	if err != nil {
		f.Fatal(err)
	}
	p.Ended = true
	ended, _ := p.marshal()
	f.Add(b)
	f.Add(ended)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseHead(b)
		if err != nil {
			return
		}
		again, err := p.marshal()
		if err != nil || string(again) != string(b) || p.Next-p.Oldest > maxAhead {
			t.Fatalf("%+v, %v", p, err)
		}
	})
}

// TestHeadRefusals: what would have a reader work for ever, or at nothing.
func TestHeadRefusals(t *testing.T) {
	good := position{Epoch: 1, Start: someLink(t).Stream}
	_, before := good.Start.Before()
	good.Oldest, good.Next = before+1, before+1+maxAhead
	if good.check() != nil {
		t.Error("the control")
	}
	for name, change := range map[string]func(*position){
		"too far":     func(p *position) { p.Next++ },
		"backwards":   func(p *position) { p.Next = before },
		"gone":        func(p *position) { p.Oldest = p.Next + 1 },
		"far behind":  func(p *position) { p.Oldest = 0 },
		"no epoch":    func(p *position) { p.Epoch = 0 },
		"no keys":     func(p *position) { clear(p.Start[:32]) },
		"no position": func(p *position) { *p = position{} },
	} {
		p := good
		change(&p)
		b, err := p.marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseHead(b); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add(someLink(f).String())
	f.Add(linkScheme + "aiaqeayaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
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
