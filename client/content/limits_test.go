package content

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// change is a post with one thing changed.
func change(f func(*Post)) Post {
	p := somePost()
	f(&p)
	return p
}

// TestPostLimits has both sides of each limit: what is refused is so for its reader, too, whatever
// its author's program did.
func TestPostLimits(t *testing.T) {
	last := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for name, limit := range map[string]struct{ good, bad func(*Post) }{
		"name": {
			func(p *Post) { p.Name = strings.Repeat("n", maxName) },
			func(p *Post) { p.Name = strings.Repeat("n", maxName+1) },
		},
		"escape in the name": {
			func(p *Post) { p.Name = "Ä da" }, func(p *Post) { p.Name = "A\x1b[2J" },
		},
		"blanks around the name": {
			func(p *Post) { p.Name = "A d" }, func(p *Post) { p.Name = " Ad" },
		},
		"tab in the name":  {func(p *Post) {}, func(p *Post) { p.Name = "A\td" }},
		"tab in the text":  {func(p *Post) { p.Text = "a\tb" }, func(p *Post) { p.Text = "a\rb" }},
		"text":             {setText(MaxText), setText(MaxText + 1)},
		"picture alone":    {setText(0), func(p *Post) { p.Text, p.Photos = "", nil }},
		"blanks alone":     {setText(1), func(p *Post) { p.Text, p.Photos = " \n", nil }},
		"time":             {setTime(last), setTime(last + 3600)},
		"first time":       {setTime(0), setTime(-3600)},
		"minutes":          {setTime(3600), setTime(3601)},
		"description":      {setAlt(MaxAlt), setAlt(MaxAlt + 1)},
		"in the words":     {setAlt(0), func(p *Post) { p.Photos[0].Alt = "\u202e" }},
		"smallest picture": {setSize(1), setSize(0)},
		"largest picture":  {setSize(MaxPhoto), setSize(MaxPhoto + 1)},
		"thumbnail":        {setThumb(MaxThumb), setThumb(MaxThumb + 1)},
		"width":            {setSides(maxPixels, 1), setSides(maxPixels+1, 1)},
		"height":           {setSides(1, maxPixels), setSides(1, maxPixels+1)},
		"no height":        {setSides(1, 1), setSides(1, 0)},
		"photos":           {setPhotos(MaxPhotos), setPhotos(MaxPhotos + 1)},
		"end":              {setEnd(last), setEnd(last + 3600)},
		"end in minutes":   {setEnd(3600), setEnd(3601)},
		"warning":          {setWarning(MaxWarning), setWarning(MaxWarning + 1)},
		"answer":           {setReply(someID, "Bob"), setReply("../../etc/passwd", "")},
		"answer of nobody": {setReply(someID, ""), setReply(someID, "B\nb")},
		"options":          {setPoll(MaxOptions, 1), setPoll(MaxOptions+1, 1)},
		"one option":       {setPoll(2, 1), setPoll(1, 1)},
		"long option":      {setPoll(2, MaxOption), setPoll(2, MaxOption+1)},
		"empty option":     {setPoll(2, 1), setPoll(2, 0)},
		"poll without end": {setPoll(2, 1), func(p *Post) { setPoll(2, 1)(p); p.Poll.Closes = 0 }},
	} {
		good, bad := change(limit.good), change(limit.bad)
		b, err := good.Marshal(1 << 20)
		if err != nil {
			t.Errorf("%s, within: %v", name, err)
			continue
		}
		if _, err := ParsePost(b); err != nil {
			t.Errorf("%s, within, read: %v", name, err)
		}
		if _, err := bad.Marshal(1 << 20); err == nil {
			t.Errorf("%s, beyond: taken", name)
		}
		raw, err := encMode.Marshal(bad)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := ParsePost(raw); !errors.Is(err, errPost) || p.Name != "" {
			t.Errorf("%s, beyond, read: %v", name, err)
		}
	}
}

func setText(n int) func(*Post)    { return func(p *Post) { p.Text = strings.Repeat("x", n) } }
func setTime(at int64) func(*Post) { return func(p *Post) { p.Time = at } }
func setSize(n int) func(*Post)    { return func(p *Post) { p.Photos[0].Size = n } }
func setThumb(n int) func(*Post)   { return func(p *Post) { p.Photos[0].Thumb = make([]byte, n) } }

func setAlt(n int) func(*Post) {
	return func(p *Post) { p.Photos[0].Alt = strings.Repeat("a", n) }
}

const someID = "abcdefghijklmnop"

func setPhotos(n int) func(*Post) {
	return func(p *Post) {
		for len(p.Photos) < n {
			p.Photos = append(p.Photos, p.Photos[0])
		}
	}
}

func setEnd(at int64) func(*Post) { return func(p *Post) { p.Expires = at } }

func setWarning(n int) func(*Post) {
	return func(p *Post) { p.Warning = strings.Repeat("w", n) }
}

func setReply(to, by string) func(*Post) {
	return func(p *Post) { p.Reply = &Reply{To: to, By: by} }
}

func setPoll(options, size int) func(*Post) {
	return func(p *Post) {
		p.Poll = &Poll{Closes: 3600}
		for i := range options {
			p.Poll.Options = append(p.Poll.Options, strings.Repeat(string(rune('a'+i)), size))
		}
	}
}

func setSides(w, h int) func(*Post) {
	return func(p *Post) { p.Photos[0].Width, p.Photos[0].Height = w, h }
}

// History: a poll took the same option twice, so that its votes were counted apart.
func TestNoOptionTwice(t *testing.T) {
	for _, c := range []struct {
		a, b string
		good bool
	}{
		{"yes", "no", true}, {"yes", "yes", false}, {"yes", " Yes  ", false},
		{"a b", "a  b", false},
	} {
		p := somePost()
		p.Poll = &Poll{Options: []string{c.a, c.b}, Closes: 3600}
		if err := p.Check(); c.good != (err == nil) || err != nil && !errors.Is(err, errTwice) {
			t.Errorf("%q and %q: %v", c.a, c.b, err)
		}
	}
}

// TestRoomIsUsedToTheLastByte: a thumbnail stays as long as it fits, and a post without one is
// refused a byte later.
func TestRoomIsUsedToTheLastByte(t *testing.T) {
	p := somePost()
	whole, err := p.Marshal(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := p.Marshal(len(whole)); err != nil || len(b) != len(whole) {
		t.Errorf("in %d bytes: %d, %v", len(whole), len(b), err)
	}
	bare, err := p.Marshal(len(whole) - 1)
	if err != nil || len(bare) >= len(whole) || p.Photos[0].Thumb == nil {
		t.Errorf("in a byte less: %d, %v", len(bare), err)
	}
	if b, err := p.Marshal(len(bare)); err != nil || len(b) != len(bare) {
		t.Errorf("in %d bytes: %d, %v", len(bare), len(b), err)
	}
	if _, err := p.Marshal(len(bare) - 1); !errors.Is(err, errTooLong) {
		t.Errorf("in a byte less than that: %v", err)
	}
	words := Post{Name: "Ada", Text: "hello"}
	if _, err := words.Marshal(5); !errors.Is(err, errTooLong) {
		t.Errorf("words alone: %v", err)
	}
}

// TestSecondSpellings of one post: more bytes behind it, a key twice, a number in more bytes than
// it needs, a field that nobody knows.
func TestSecondSpellings(t *testing.T) {
	good, err := Post{Name: "Ada", Text: "hello"}.Marshal(100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParsePost(good); err != nil {
		t.Fatalf("the control: %v", err)
	}
	text := string(good)
	for name, b := range map[string]string{
		"more behind":  text + "\x00",
		"key twice":    strings.Replace(text, "\xa3", "\xa4", 1) + "\x03\x65hello",
		"long number":  strings.Replace(text, "\x02\x00", "\x02\x18\x00", 1),
		"foreign":      strings.Replace(text, "\xa3", "\xa4", 1) + "\x09\x00",
		"other order":  "\xa3" + text[6:8] + text[1:6] + text[8:],
		"cut short":    text[:len(text)-1],
		"empty string": strings.Replace(text, "\x65hello", "\x60", 1),
	} {
		if b == text {
			t.Fatalf("%s: nothing was changed in %x", name, text)
		}
		if _, err := ParsePost([]byte(b)); !errors.Is(err, errPost) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRecordsHaveOneSpelling: what Decode takes is what Encode gives.
func TestRecordsHaveOneSpelling(t *testing.T) {
	type pair struct {
		A uint64 `cbor:"1,keyasint"`
		B string `cbor:"2,keyasint"`
	}
	good, err := Encode(pair{3, "b"})
	if err != nil || string(good) != "\xa2\x01\x03\x02\x61b" {
		t.Fatalf("%x, %v", good, err)
	}
	var p pair
	if err := Decode(good, &p); err != nil || p != (pair{3, "b"}) {
		t.Errorf("control: %+v, %v", p, err)
	}
	for name, b := range map[string]string{
		"a long number": "\xa2\x01\x18\x03\x02\x61b",
		"a long length": "\xa2\x01\x03\x02\x78\x01b",
		"another order": "\xa2\x02\x61b\x01\x03",
		"a field fewer": "\xa1\x01\x03",
	} {
		if err := Decode([]byte(b), &p); !errors.Is(err, errForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
