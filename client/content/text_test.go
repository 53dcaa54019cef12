package content

import (
	"strings"
	"testing"
)

// TestTextsOfTheWorld are sent as they are, marks and joiners included; what turns text around or
// moves a cursor is refused, and what cannot be seen is no text.
func TestTextsOfTheWorld(t *testing.T) {
	for text, good := range map[string]bool{
		"مرحبا\u200f!": true, "שלום\u200f, abc\u200e": true, "क्\u200dष": true,
		"👩\u200d👩\u200d👧 family": true, "می\u200cخواهم": true, "❤\ufe0f": true,
		"🏴\U000e0067\U000e0062\U000e007f": true, "a\u0301": true, "한글": true,
		"\U0001fae8": true, "tab\tand\nline": true,
		"\u202egpj.exe": false, "\u2066a\u2069": false, "\u202aa\u202c": false, "a\x1b[2Jb": false,
		"a\u2028b": false, "a\u009bb": false, "a\x00": false, "\xff": false,
		"\u200b\u200d\ufeff": false, "\u3164\uffa0\u115f": false, "\ufe0f\U000e0100": false,
		"\u0301": false, " \u00a0\u2003\t\n": false, "\u2800": false, "\u00ad\u034f": false,
		"": false,
	} {
		err := Post{Name: "Ada", Text: text}.Check()
		if (err == nil) != good {
			t.Errorf("%+q: %v", text, err)
		}
		if name := CheckName(text); !strings.ContainsAny(text, "\n\t") && (name == nil) != good {
			t.Errorf("%+q as a name: %v", text, name)
		}
		caption := Post{Name: "Ada", Photos: somePost().Photos, Warning: text}
		if got := caption.Check() == nil; got != (good || text == "") &&
			!strings.ContainsAny(text, "\n\t") {
			t.Errorf("%+q as a warning: %v", text, caption.Check())
		}
	}
}

func TestTextIsNormalized(t *testing.T) {
	for text, want := range map[string]string{
		"a\r\nb\rc\u2028d": "a\nb\nc\nd", "end \t\n\n": "end", "  in\n\n\nside ": "  in\n\n\nside",
		"": "", "שלום\u200f": "שלום\u200f",
	} {
		if got := Normalize(text); got != want || Normalize(got) != got {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// TestWhatWasKeptStaysReadable: posts of the first version, and what a stricter reading refuses.
func TestWhatWasKeptStaysReadable(t *testing.T) {
	p := somePost()
	first, err := p.Marshal(8192)
	if err != nil || p.Nonce != [8]byte{} || string(first[:1]) != "\xa4" {
		t.Fatalf("%x, %v", first[:8], err)
	}
	p.Text = "\u202eonce taken\u2066"
	refused, err := encMode.Marshal(p.said())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{first, refused} {
		if got, err := Recall(b); err != nil || got.Name != p.Name || len(got.Photos) != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := ParsePost(refused); err == nil {
		t.Error("the control: it is taken when it comes")
	}
	if _, err := Recall(refused[:20]); err == nil {
		t.Error("half a post")
	}
}

// TestIDs are those of docs/feed.md, and another for each source and each post.
func TestIDs(t *testing.T) {
	s := SourceOf([32]byte{1})
	id := ID(s, []byte("hello"))
	if !IsID(id) || len(id) != IDSize || ID(s, []byte("hello.")) == id ||
		ID(SourceOf([32]byte{2}), []byte("hello")) == id {
		t.Errorf("%s", id)
	}
	for _, bad := range []string{
		"", id[1:], id + "a", strings.ToUpper(id), "1" + id[1:], "../" + id[3:],
	} {
		if IsID(bad) {
			t.Errorf("%q is an id", bad)
		}
	}
}

// TestQuote: a name with quotation marks in it does not end those that it is shown in.
func TestQuote(t *testing.T) {
	for claim, want := range map[string]string{
		"Ben": "“Ben”", "Ben” (verified) “": `“Ben" (verified) "”`, "": "“”",
		"Аda": "“Аda” [letters of several alphabets]", "Ада": "“Ада”", "Ναυσικά": "“Ναυσικά”",
		"山田 Ken": "“山田 Ken”", "Zoë 🎉": "“Zoë 🎉”",
		"Be\u200bn":     "“Be\u200bn” [characters that are not seen]",
		"می\u200cخواهم": "“می\u200cخواهم”", "👩\u200d🚀 ❤\ufe0f": "“👩\u200d🚀 ❤\ufe0f”",
		"Be\u200dn": "“Be\u200dn” [characters that are not seen]",
	} {
		if got := Quote(claim); got != want {
			t.Errorf("%q is shown as %s", claim, got)
		}
	}
}

// TestSkeleton: names that look alike have one, and others have not.
func TestSkeleton(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		alike bool
	}{
		{"Аda", "Ada", true}, {"Сара", "Capa", true}, {"Iris", "lris", true}, {"B0b", "Bob", true},
		{"Ben Nevis", "Ben-Nevis", true}, {"Μara", "Mara", true}, {"Ada", "Ida", false},
		{"Ben", "Ben2", false}, {"Мария", "Mapua", false},
	} {
		if (Skeleton(c.a) == Skeleton(c.b)) != c.alike {
			t.Errorf("%q and %q: %q, %q", c.a, c.b, Skeleton(c.a), Skeleton(c.b))
		}
	}
}

// TestAlike: a name is taken for another whatever the case, the alphabet and what is not seen.
func TestAlike(t *testing.T) {
	for name, want := range map[string]bool{
		"flight": true, "FLIGHT": true, "flіght": true, "fli\u200bght": true, "flights": false,
		"night": false, "🎉": false,
	} {
		if Alike("Flight", name) != want || Alike(name, "Flight") != want {
			t.Errorf("%q: want %v", name, want)
		}
	}
	if Alike("!!", "??") || !Alike("!!", "!!") {
		t.Error("names without letters")
	}
}
