package search

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"murmuration/client/store"
	_ "murmuration/internal/drawn"
)

// index is the index of a test, on a store in memory.
type index struct {
	t interface {
		Helper()
		Fatal(...any)
	}
	store *store.Store
}

func newIndex(t interface {
	Helper()
	Fatal(...any)
}) index {
	return index{t, store.Memory()}
}

func (x index) update(do func(*store.Tx) error) {
	x.t.Helper()
	if err := x.store.Update(do); err != nil {
		x.t.Fatal(err)
	}
}

func (x index) add(ref, text string) {
	x.t.Helper()
	x.update(func(tx *store.Tx) error { return Add(tx, ref, text) })
}

func (x index) remove(ref string) {
	x.t.Helper()
	x.update(func(tx *store.Tx) error { return Remove(tx, ref) })
}

// find gives the references that are found, the latest first, by pages of n.
func (x index) find(query string, n int) (refs []string) {
	x.t.Helper()
	err := x.store.View(func(tx *store.Tx) error {
		before := uint64(0)
		for {
			found, err := Find(tx, query, before, n)
			for _, f := range found {
				refs, before = append(refs, f.Ref), f.Number
			}
			if err != nil || len(found) < n {
				return err
			}
		}
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return refs
}

// left is how many records of the index there are, but for the count of texts.
func (x index) left() (n int) {
	x.t.Helper()
	err := x.store.View(func(tx *store.Tx) error {
		var errs []error
		for _, bucket := range []string{
			bucketTexts, bucketNumbers, bucketWords, bucketLexicon,
		} {
			errs = append(errs, tx.Walk(bucket, func(string, []byte) error { n++; return nil }))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return n
}

// TestWords: as people type them on a telephone that corrects nothing.
func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		" \t\n–…!":                "",
		"Hello, World!":           "hello world",
		"Crème BRÛLÉE":            "creme brulee",
		"Straße STRASSE":          "strasse strasse",
		"Ångström Łódź Đà Nẵng":   "angstrom lodz da nang",
		"Ελλάς ΕΛΛΆΣ":             "ελλασ ελλασ",
		"الْعَرَبِيَّة":           "العربية",
		"שָׁלוֹם":                 "שלום",
		"don't e-mail 2026":       "don t e mail 2026",
		"ﬁne ①":                   "fine 1",
		"東京へ":                     "東 京 へ",
		"ปลา":                     "ป ล า",
		"a\u200db\u202ec":         "abc",
		"한국어":                     strings.Join([]string{string([]rune("한국어"))}, " "),
		strings.Repeat("x", 99):   strings.Repeat("x", maxRunes),
		"हिन्दी":                  "हिनदी",
		"bad \xff\xfe bytes":      "bad bytes",
		"İstanbul ISTANBUL ırmak": "istanbul istanbul irmak",
	} {
		got := strings.Join(Words(text), " ")
		if text == "한국어" { // decomposed, alike in both places
			want = strings.Join(Words(want), " ")
		}
		if got != want {
			t.Errorf("%q has the words %q, not %q", text, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	x := newIndex(t)
	for ref, text := range []string{
		"The crow flies at night", "Crème for the crows", "night, and nothing else", "CROW crow",
	} {
		x.add(fmt.Sprint(ref), text)
	}
	for query, want := range map[string]string{
		"crow":        "3 1 0", // and crows
		"crows":       "1",
		"cro":         "3 1 0",
		"c":           "",
		"crow night":  "0",
		"night crow":  "0",
		"night the":   "0",
		"cro night":   "", // only the last word may be a beginning
		"creme":       "1",
		"CRÈM":        "1",
		"":            "",
		"!?":          "",
		"nothing at":  "",
		"flies crowd": "",
	} {
		for _, n := range []int{1, 2, 10} {
			if got := strings.Join(x.find(query, n), " "); got != want {
				t.Errorf("%q finds %q by %d, not %q", query, got, n, want)
			}
		}
	}
	x.add("1", "said anew: a raven") // replaces
	if got := x.find("crows", 9); len(got) != 0 {
		t.Errorf("what was replaced is found: %v", got)
	}
	if got := x.find("raven", 9); len(got) != 1 || got[0] != "1" {
		t.Errorf("what replaced it: %v", got)
	}
	x.add("1", "") // nothing to find
	x.remove("nowhere")
	if got := x.find("raven", 9); len(got) != 0 {
		t.Errorf("nothing is found: %v", got)
	}
}

// TestIndexIsAModel adds and removes at random, over several pages of numbers, words that share
// beginnings so often that leaves overflow; what is found is what a search of all texts finds, and
// in the end nothing is left of any word.
func TestIndexIsAModel(t *testing.T) {
	words := []string{"a", "ab", "aba", "b"}
	for i := range 180 {
		words = append(words, fmt.Sprintf("abc%04dwithalongtail", i*37%180))
	}
	rapid.Check(t, func(t *rapid.T) {
		x, texts, order := newIndex(t), map[string]string{}, []string{}
		x.update(func(tx *store.Tx) error { // close to the end of a page
			return tx.Put(bucketState, "", state{pageSize - 9})
		})
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			ref := fmt.Sprint(rapid.IntRange(0, 12).Draw(t, "ref"))
			order = slices.DeleteFunc(order, func(r string) bool { return r == ref })
			if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				x.remove(ref)
				delete(texts, ref)
				continue
			}
			text := strings.Join(rapid.SliceOfN(
				rapid.SampledFrom(words), 1, 60,
			).Draw(t, "words"), " ")
			x.add(ref, text)
			texts[ref], order = text, append(order, ref)
		}
		for _, query := range []string{
			"a", "ab", "abc", "abc01", rapid.SampledFrom(words).Draw(t, "query"), "b ab", "ab b",
		} {
			want := searched(order, texts, query)
			if got := x.find(query, 3); !slices.Equal(got, want) {
				t.Fatalf("%q finds %v, not %v", query, got, want)
			}
		}
		for _, ref := range order {
			x.remove(ref)
		}
		if n := x.left(); n != 0 {
			t.Fatalf("%d records are left of what was removed", n)
		}
	})
}

// searched looks at each text, the latest first.
func searched(order []string, texts map[string]string, query string) (refs []string) {
	words := Words(query)
	for _, ref := range slices.Backward(order) {
		all := true
		for i, word := range words {
			last := i == len(words)-1 && len(word) > 1
			all = all && slices.ContainsFunc(Words(texts[ref]), func(w string) bool {
				return w == word || last && strings.HasPrefix(w, word)
			})
		}
		if all {
			refs = append(refs, ref)
		}
	}
	return refs
}

// TestFindingCostsByWhatIsAsked: a word that is in every one of ten thousand texts is no more
// costly than one that is in ten.
func TestFindingCostsByWhatIsAsked(t *testing.T) {
	x := newIndex(t)
	for batch := range 10 {
		x.update(func(tx *store.Tx) error {
			for i := range 1000 {
				n := batch*1000 + i
				text := fmt.Sprintf("the crow number%d", n)
				if n%1000 == 7 {
					text += " raven"
				}
				if err := Add(tx, fmt.Sprint(n), text); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for query, c := range map[string]struct{ found, reads int }{
		"the crow":      {20, 40},
		"raven":         {10, 40},
		"the raven":     {10, 40},
		"number1234":    {1, 40},
		"number123":     {11, 140}, // eleven words in ten pages
		"number":        {20, 60},  // too many words: the texts themselves are looked at
		"crow number":   {20, 60},
		"the croissant": {0, 30},
	} {
		err := x.store.View(func(tx *store.Tx) error {
			found, err := Find(tx, query, 0, 20)
			if len(found) != c.found || tx.Reads() > c.reads {
				t.Errorf("%q: %d found, %d records read", query, len(found), tx.Reads())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	x.update(func(tx *store.Tx) error {
		err := Remove(tx, "5000")
		if tx.Reads() > 100 {
			t.Errorf("removing one reads %d records", tx.Reads())
		}
		return err
	})
}

// TestStrangersWordsFitInATransaction: whoever has filled leaves before, no text that a box holds
// is too much for the store, or the post would be lost with it.
func TestStrangersWordsFitInATransaction(t *testing.T) {
	dir := t.TempDir() + "/store"
	if err := store.Create(dir, nil); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	letters := []rune("abcdefghijklmnopqrstuvwxyzабвгдежзийклмнопрстуфхцчшщъыьэюя")
	n := 0
	for text := range 12 {
		var b strings.Builder
		for b.Len() < 8000 {
			b.WriteRune(letters[n%40]) // many leaves, each in turn
			b.WriteRune(letters[n/40%40])
			for range n % 9 {
				b.WriteRune(letters[n%58])
			}
			b.WriteString(" ")
			n += 7
		}
		err := s.Update(func(tx *store.Tx) error { return Add(tx, fmt.Sprint(text), b.String()) })
		if err != nil {
			t.Fatalf("text %d: %v", text, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedIndex: what is no record of the index is said to be foreign, and panics nowhere.
func TestDamagedIndex(t *testing.T) {
	for name, spoil := range map[string]func(*store.Tx) error{
		"state":    func(tx *store.Tx) error { return tx.Put(bucketState, "", "?") },
		"text":     func(tx *store.Tx) error { return tx.Put(bucketTexts, name(1), "?") },
		"page":     func(tx *store.Tx) error { return tx.Put(bucketWords, "crow/0", "?") },
		"odd page": func(tx *store.Tx) error { return tx.Put(bucketWords, "crow/0", []byte{1}) },
		"long page": func(tx *store.Tx) error {
			return tx.Put(bucketWords, "crow/0", make([]byte, 200))
		},
		"place": func(tx *store.Tx) error { return tx.Put(bucketWords, "crow/0", []byte{4, 0}) },
		"leaf":  func(tx *store.Tx) error { return tx.Put(bucketLexicon, "cr", "?") },
	} {
		x := newIndex(t)
		x.add("1", "crow")
		if got := x.find("crow", 9); len(got) != 1 {
			t.Fatalf("the control: %v", got)
		}
		x.update(spoil)
		err := x.store.View(func(tx *store.Tx) error {
			_, err := Find(tx, "crow", 0, 9)
			return err
		})
		if !errors.Is(err, store.ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManyWordsOfOneBeginning: what is asked for by a beginning that very many words have is found
// all the same, wherever in the alphabet it is, and though texts are missing between.
func TestManyWordsOfOneBeginning(t *testing.T) {
	x := newIndex(t)
	for i := range 2 * maxBegun {
		x.add(fmt.Sprint(i), fmt.Sprintf("raven ro%04d", i))
		if i%3 == 0 {
			x.remove(fmt.Sprint(i))
		}
	}
	x.add("other", "raven alone")
	for _, query := range []string{"ro", "raven ro"} {
		if got := x.find(query, 7); len(got) != 266 || got[0] != "398" || got[265] != "1" {
			t.Errorf("%q finds %d, %v", query, len(got), got)
		}
	}
}

// TestWordsOfEverySign: each sign that words are made of, alone, in a word, and behind bytes that
// begin another sign, gives words that are words of themselves.
func TestWordsOfEverySign(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		if !unicode.In(r, unicode.L, unicode.N, unicode.M) {
			continue
		}
		for _, before := range []string{"", "a", "\xf0", "\xf0\x9f"} {
			wordsOfThemselves(t, before+string(r))
		}
	}
}

// FuzzWords: of whatever text, words are words of themselves.
func FuzzWords(f *testing.F) {
	f.Add("Crème Straße 東京 \xff")
	f.Add("\xf0è")
	f.Fuzz(func(t *testing.T, text string) { wordsOfThemselves(t, text) })
}

func wordsOfThemselves(t *testing.T, text string) {
	t.Helper()
	for _, w := range Words(text) {
		if again := Words(w); len(again) != 1 || again[0] != w {
			t.Fatalf("%q of %q has the words %q", w, text, again)
		}
	}
}
