package content

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

func somePost() Post {
	return Post{Name: "Ada", Time: 1_800_000_000, Text: "hello\nworld", Photos: []Photo{{
		Hash: [32]byte{1}, Size: 70_000, Width: 1600, Height: 900,
		Alt: "a bird", Thumb: bytes.Repeat([]byte{7}, 3000),
	}}}
}

func TestPostRoundTrip(t *testing.T) {
	p := somePost()
	b, err := p.Marshal(8192)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParsePost(b)
	if err != nil || got.Text != p.Text || got.Photos[0].Hash != p.Photos[0].Hash ||
		!bytes.Equal(got.Photos[0].Thumb, p.Photos[0].Thumb) {
		t.Fatalf("%+v, %v", got, err)
	}
	small, err := p.Marshal(1024)
	if err != nil || len(small) > 1024 {
		t.Fatalf("without its thumbnail: %d bytes, %v", len(small), err)
	}
	if _, err := p.Marshal(40); !errors.Is(err, errTooLong) {
		t.Errorf("in forty bytes: %v", err)
	}
}

func TestLargestPostFitsOneBox(t *testing.T) {
	p := somePost()
	p.Name, p.Text = strings.Repeat("n", maxName), strings.Repeat("t", MaxText)
	p.Photos[0].Alt, p.Photos[0].Thumb = strings.Repeat("a", MaxAlt), make([]byte, MaxThumb)
	b, err := p.Marshal(8192)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParsePost(b); err != nil || len(got.Photos[0].Thumb) != MaxThumb {
		t.Errorf("the thumbnail was left out: %v", err)
	}
}

func TestPostRefusals(t *testing.T) {
	change := func(f func(*Post)) Post {
		p := somePost()
		f(&p)
		return p
	}
	for name, p := range map[string]Post{
		"empty":     {Name: "a"},
		"no name":   change(func(p *Post) { p.Name = "" }),
		"two lines": change(func(p *Post) { p.Name = "a\nb" }),
		"escape":    change(func(p *Post) { p.Text = "\x1b[2J" }),
		"bidi":      change(func(p *Post) { p.Text = "\u202egnp.exe" }),
		"not UTF-8": change(func(p *Post) { p.Text = "\xff" }),
		"too long":  change(func(p *Post) { p.Text = strings.Repeat("x", MaxText+1) }),
		"past":      change(func(p *Post) { p.Time = -1 }),
		"no size":   change(func(p *Post) { p.Photos[0].Size = 0 }),
		"no pixels": change(func(p *Post) { p.Photos[0].Width = 0 }),
		"a second":  change(func(p *Post) { p.Time++ }),
	} {
		if _, err := p.Marshal(8192); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := somePost().Marshal(8192); err != nil {
		t.Errorf("the control: %v", err)
	}
}

func FuzzParsePost(f *testing.F) {
	b, err := somePost().Marshal(8192)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	all := somePost()
	all.Nonce, all.Expires, all.Warning = [8]byte{1}, 3600, "spiders"
	setPhotos(2)(&all)
	setReply(someID, "Bob")(&all)
	setPoll(2, 3)(&all)
	if b, err = all.Marshal(8192); err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0xa0})
	f.Add([]byte{0xbf, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePost(b)
		if err != nil {
			return
		}
		again, err := p.Marshal(1 << 20)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("a second spelling was taken: %v", err)
		}
	})
}

func TestPostsRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := Post{
			Name: rapid.StringMatching(`[A-Za-z]{1,20}`).Draw(r, "name"),
			Time: 3600 * rapid.Int64Range(0, 1<<24).Draw(r, "time"),
			Text: rapid.StringMatching(`[a-z ]{0,50}[.!?]`).Draw(r, "text"),
		}
		b, err := p.Marshal(8192)
		if err != nil {
			r.Fatal(err)
		}
		if got, err := ParsePost(b); err != nil || !reflect.DeepEqual(got, p) {
			r.Fatalf("%+v became %+v, %v", p, got, err)
		}
	})
}

// TestTimeToTheHour: a post tells no more of when it was written.
func TestTimeToTheHour(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 59, 59, 999, time.UTC)
	for range 3 {
		want := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		if got := Hour(at); time.Unix(got, 0).UTC() != want {
			t.Errorf("%v is said to be %d", at, got)
		}
		at = at.Add(-20 * time.Minute).In(time.FixedZone("half", 1800))
	}
	if (Post{Name: "Ada", Text: "hello", Time: Hour(at)}).Check() != nil {
		t.Error("a post of that time is refused")
	}
}
