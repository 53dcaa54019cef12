package circle

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"murmuration/client/content"
	"murmuration/client/outbox"
	"murmuration/client/relation"
	"murmuration/client/store"
)

var someID = strings.Repeat("a", content.IDSize)

func seed(f *testing.F, values ...any) {
	for _, v := range values {
		b, err := content.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(bytes.Repeat([]byte{0x81}, 100))
}

// FuzzItem: what is read over a relation is within its limits, and written as it was.
func FuzzItem(f *testing.F) {
	seed(f,
		item{Out: &about{content.Source{1}}}, item{Ask: &about{content.Source{2}}},
		item{Reply: &reply{Post: someID, Text: "lovely"}},
		item{React: &react{Post: someID, Emoji: "👩‍👩‍👧‍👦"}}, item{React: &react{Post: someID}},
		item{Vote: &vote{Post: someID, Choice: 7}},
		item{Photo: &wanted{Post: someID, Index: 1}}, item{Again: &again{Post: someID}},
		item{Card: &card{Name: "hills", Epoch: 1, Pack: &pack{Posts: 3}}},
	)
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := parse(b)
		if err != nil {
			return
		}
		if again, err := content.Encode(i); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x, %v", b, again, err)
		}
		if i.React != nil && len(i.React.Emoji) > maxReaction ||
			i.Vote != nil && i.Vote.Choice >= content.MaxOptions {
			t.Errorf("%+v was taken", i)
		}
	})
}

// FuzzNote: likewise of what stands in a stream.
func FuzzNote(f *testing.F) {
	seed(f,
		note{Ended: true}, note{Gone: []string{someID}},
		note{Tallies: []tally{{someID, []string{"👍", "🎉"}, []int{3, 1}, []int{0, 4}, true}}},
	)
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseNote(b)
		if err != nil {
			return
		}
		if again, err := content.Encode(n); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x, %v", b, again, err)
		}
		for _, one := range n.Tallies {
			if len(one.Emojis) != len(one.Counts) {
				t.Errorf("%+v was taken", n)
			}
		}
	})
}

// TestTalliesFit: a note takes as many as there is room for in a box, and of one that alone is too
// large the most frequent emojis: readers take no note of two boxes.
func TestTalliesFit(t *testing.T) {
	large := tally{Post: someID}
	for i := range maxEmojis {
		large.Emojis = append(large.Emojis, strings.Repeat(string(rune('a'+i)), maxReaction))
		large.Counts = append(large.Counts, maxCount-i)
	}
	one, err := note{Tallies: []tally{large}}.size()
	if err != nil {
		t.Fatal(err)
	}
	for room, want := range map[int][2]int{ // tallies, emojis of the first
		3*one + 20: {3, maxEmojis}, 2 * one: {2, maxEmojis}, one: {1, maxEmojis},
		one - 1: {1, maxEmojis - 1}, one / 2: {1, maxEmojis/2 - 1}, 60: {1, 0},
	} {
		n, err := fitting([]tally{large, large, large}, room)
		size, err2 := n.size()
		if err != nil || err2 != nil || size > room || len(n.Tallies) != want[0] ||
			len(n.Tallies[0].Emojis) != want[1] || len(n.Tallies[0].Counts) != want[1] {
			t.Errorf("in %d bytes: %d of %d tallies, %v, %v", room, size, len(n.Tallies), err, err2)
		}
	}
	if len(large.Emojis) != maxEmojis {
		t.Error("what is counted was changed")
	}
}

// TestReactions: one character as a person sees it, and nothing else.
func TestReactions(t *testing.T) {
	for _, emoji := range []string{"", "👍", "❤️", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "é", "?"} {
		if err := checkReaction(emoji); err != nil {
			t.Errorf("%q: %v", emoji, err)
		}
	}
	for _, text := range []string{
		"ok", "👍👍", " ", "\n", "\u200d", "\x1b", "\u202e", "👍 ", "\u2800",
		"a" + strings.Repeat("\u0301", 20),
	} {
		if checkReaction(text) == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// TestGranted: a card is its circle's in the relation for which that has signed, and in no other.
func TestGranted(t *testing.T) {
	var o circle
	if err := o.drawKey(rand.NewChaCha8([32]byte{1})); err != nil {
		t.Fatal(err)
	}
	k := card{Circle: o.ID}
	if err := o.grant(&k, relation.ID{1}); err != nil || !k.granted(relation.ID{1}) {
		t.Errorf("the card of a member does not hold: %v", err)
	}
	other, short := k, k
	other.Circle[0]++
	short.Key = short.Key[1:]
	if k.granted(relation.ID{2}) || other.granted(relation.ID{1}) || short.granted(relation.ID{1}) {
		t.Error("a card holds for another relation, another circle, or under another key")
	}
	mine := card{Circle: o.ID, Seed: o.Seed}
	if !bytes.Equal(mine.keyOf(), o.Seed) || (card{Seed: o.Seed}).keyOf() != nil {
		t.Error("what an own device tells is not taken, or for another circle")
	}
	if err := (circle{ID: o.ID}).grant(&k, relation.ID{1}); !errors.Is(err, errKey) {
		t.Errorf("without its key: %v", err)
	}
}

// TestRepliesComeAgain: what a member says while too much waits here is noted when it comes again,
// and not as taken before.
func TestRepliesComeAgain(t *testing.T) {
	other := errors.New("something else")
	for err, want := range map[error]error{
		nil: nil, outbox.ErrFull.With("8192"): store.ErrFull, store.ErrFull: store.ErrFull,
		other: other,
	} {
		if got := later(err); !errors.Is(got, want) {
			t.Errorf("%v becomes %v", err, got)
		}
	}
}
