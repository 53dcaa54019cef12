package ticket

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"murmuration/client/fault"
	"murmuration/internal/box"
)

var example = Ticket{
	Network: [8]byte{1, 2, 3}, Day: 17, Days: 12,
	Secret: [16]byte{0, 34, 68, 102, 136, 170, 204, 238, 16, 50, 84, 118, 152, 186, 220, 254},
}

// The worked example of docs/contact.md.
const (
	exampleText = "murmur:invite/" + exampleCode
	exampleCode = "aeaqeayaaaaaaaaacegaaisem2ekvthocazfi5uyxlop4suhbgla"
)

// TestTicketsSurviveChatPrograms: what programs and people do to a text is repaired.
func TestTicketsSurviveChatPrograms(t *testing.T) {
	if got := example.URI(); got != exampleText || len(got) > 80 {
		t.Fatalf("the ticket is %s", got)
	}
	code := exampleCode
	for name, text := range map[string]string{
		"as it is":         exampleText,
		"capitals":         strings.ToUpper(exampleText),
		"a sentence":       "I invite you! Here: “" + exampleText + "”. See you soon",
		"brackets":         "<" + exampleText + ">",
		"folded":           "> " + scheme + code[:20] + "\r\n> " + code[20:40] + "\n>" + code[40:],
		"spaces":           strings.Join(strings.Split(exampleText, ""), " "),
		"soft hyphens":     scheme + code[:9] + "\u00ad" + code[9:30] + "\u200b" + code[30:],
		"quoted printable": "murmur:invite/" + code[:30] + "=\n" + code[30:],
		"percent":          "murmur%3Ainvite%2F" + code,
		"no word":          code,
		"groups":           code[:13] + "-" + code[13:26] + "-" + code[26:39] + "-" + code[39:],
		"0 for o":          strings.ReplaceAll(exampleText, "o", "0"),
		"1 for l":          "murmur:invite/" + strings.ReplaceAll(code, "l", "1"),
		"1 for i":          "murmur:1nv1te/" + strings.ReplaceAll(code, "i", "1"),
		"l for i":          "murmur:lnvlte/" + strings.ReplaceAll(code, "i", "l"),
		"i for l":          "murmur:invite/" + strings.ReplaceAll(code, "l", "i"),
		"| for l":          "murmur:invite/" + strings.ReplaceAll(code, "l", "|"),
		"8 for b":          "murmur:invite/" + strings.ReplaceAll(code, "b", "8"),
	} {
		if got, err := Parse(text); err != nil || got != example {
			t.Errorf("%s: %q: %v", name, text, err)
		}
	}
}

// TestWhatIsNoTicket is refused with what it is.
func TestWhatIsNoTicket(t *testing.T) {
	later := func() string {
		b := append([]byte{2}, make([]byte, 50)...)
		return scheme + encoding.EncodeToString(append(b, checksum(b)...))
	}()
	none := example
	none.Days = 0
	for name, c := range map[string]struct {
		text string
		want *fault.Fault
	}{
		"nothing":        {"", ErrTicket},
		"words":          {"hello", ErrTicket},
		"the word":       {scheme, ErrDamaged},
		"one missing":    {exampleText[:len(exampleText)-1], ErrDamaged},
		"one wrong":      {strings.Replace(exampleText, "ais", "aia", 1), ErrDamaged},
		"two exchanged":  {strings.Replace(exampleText, "ais", "ias", 1), ErrDamaged},
		"a later one":    {later, ErrVersion},
		"a feed":         {"murmur:feed/aeaqeayaaaaaaaaaaaei2tgm3", errFeed},
		"a provider":     {"provider-1/aaaqeayeaudaocajbifqydiob6y4audk", errProvider},
		"endless":        {strings.Repeat("a", maxText+1), ErrTicket},
		"all ones":       {scheme + strings.Repeat("1", letters), ErrDamaged},
		"for no days":    {none.URI(), ErrDamaged},
		"another scheme": {"https://example.org/invite", ErrTicket},
	} {
		if got, err := Parse(c.text); !errors.Is(err, c.want) || got != (Ticket{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewTicketsDiffer(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	a, err1 := New(random, box.NetworkID{1}, 9, 12)
	b, err2 := New(random, box.NetworkID{1}, 9, 12)
	if errors.Join(err1, err2) != nil || a.Secret == b.Secret || a.Last() != 21 {
		t.Errorf("%v, %v, %v", a, err1, err2)
	}
	if _, err := New(strings.NewReader("short"), box.NetworkID{}, 9, 12); err == nil {
		t.Error("made without randomness")
	}
	if a.String() != "[invitation]" {
		t.Error("a log line has the secret")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(exampleText)
	f.Add("murmur:lnv1te/aeaq 11l0")
	f.Add("murmur:feed/aeaq")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if err != nil {
			if fault.Of(err).ExitCode() == int(fault.Internal) {
				t.Fatalf("no fault that a person can read: %v", err)
			}
			return
		}
		if again, err := Parse(got.URI()); err != nil || again != got {
			t.Fatalf("%q is read as %s, which is not: %v", text, got.URI(), err)
		}
	})
}
