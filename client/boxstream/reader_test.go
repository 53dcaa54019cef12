package boxstream

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"murmuration/internal/drawn"

	"murmuration/internal/box"
)

// More are drawn by `just seeds`.
func init() { drawn.Fewer(30) }

// places is IDs without a limit.
func places(r Reader, n Network, now time.Time) []Place {
	room := 1 << 20
	all, _ := r.IDs(n, now, &room)
	return all
}

// stream is a writer and a reader from its start.
type stream struct {
	t testing.TB
	w Writer
	r Reader
	// keeps what the reader has worked out, which is made anew for each box otherwise
	keeps bool
}

func newStream(t *testing.T, first box.Day, now time.Time) *stream {
	w := newTestWriter(t)
	start, err := w.Start()
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(start, first, now)
	if err != nil {
		t.Fatal(err)
	}
	return &stream{t: t, w: w, r: r}
}

func (s *stream) write(day box.Day, text string) Sealed {
	all, err := s.w.Seal(testNetwork, day, box.Record{Kind: 1, Parts: 1, Content: []byte(text)})
	if err != nil {
		s.t.Fatal(err)
	}
	return all[0]
}

// read opens a box as it is found at a time; the reader goes through a store on the way.
func (s *stream) read(now time.Time, b Sealed) (string, error) {
	if !s.keeps {
		s.r = Reader{Cap: s.r.Cap, From: s.r.From, Since: s.r.Since, Seen: s.r.Seen}
		if err := s.r.Load(); err != nil {
			s.t.Fatal(err)
		}
	}
	if all := places(s.r, testNetwork, now); !slices.Contains(all, Place{b.Day, b.ID}) {
		return "", errNotLookedFor
	}
	o, err := s.r.Open(testNetwork, b.Day, b.Box())
	if err != nil {
		return "", err
	}
	s.r = s.r.Found(now, o.Number, b.Day)
	record, err := box.ParseRecord(testNetwork.Format, o.Plaintext)
	return string(record.Content), err
}

// TestReaderReadsInAnyOrder, over days, from where the link was given out, each box once.
func TestReaderReadsInAnyOrder(t *testing.T) {
	s := newStream(t, 3, onDay(3, 0))
	var boxes []Sealed
	for i, day := range []box.Day{3, 3, 3, 4, 4} {
		boxes = append(boxes, s.write(day, fmt.Sprint("box ", i)))
	}
	now := onDay(4, time.Hour)
	for _, i := range []int{1, 4, 0, 3} {
		if text, err := s.read(now, boxes[i]); err != nil || text != fmt.Sprint("box ", i) {
			t.Fatalf("box %d: %q, %v", i, text, err)
		}
		if _, err := s.read(now, boxes[i]); err == nil {
			t.Errorf("box %d is looked for again", i)
		}
	}
	if len(s.r.Seen) != 2 { // box 2 is a hole before 3 and 4
		t.Errorf("before the hole is filled: %+v", s.r.Seen)
	}
	if text, err := s.read(onDay(4, 90*time.Minute), boxes[2]); err != nil || text != "box 2" {
		t.Errorf("the box that comes late: %q, %v", text, err)
	}
	if len(s.r.Seen) != 0 {
		t.Errorf("when all came: %+v", s.r.Seen)
	}
}

func TestReaderLooksNotBeforeItsLink(t *testing.T) {
	w := newTestWriter(t)
	s := &stream{t: t, w: w}
	early := s.write(3, "before the link")
	start, err := s.w.Start()
	if err != nil {
		t.Fatal(err)
	}
	if s.r, err = NewReader(start, 3, onDay(3, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.read(onDay(3, time.Hour), early); !errors.Is(err, errNotLookedFor) {
		t.Errorf("the box before: %v", err)
	}
	text, err := s.read(onDay(3, time.Hour), s.write(3, "after"))
	if err != nil || text != "after" {
		t.Errorf("the control: %q, %v", text, err)
	}
}

// TestDaysThatAreLookedAt: today's, yesterday's until what was written in the grace is listed, and
// those that were missed, with room for what was written in each.
func TestDaysThatAreLookedAt(t *testing.T) {
	const grace = 2 * time.Hour
	for name, c := range map[string]struct {
		from box.Day
		now  time.Time
		want map[box.Day]int
	}{
		"at noon":             {3, onDay(3, 12*time.Hour), map[box.Day]int{3: 32}},
		"after midnight":      {3, onDay(4, time.Minute), map[box.Day]int{3: 32, 4: 32}},
		"until all is listed": {3, onDay(4, grace+2*time.Minute), map[box.Day]int{3: 32, 4: 32}},
		"and not longer":      {3, onDay(4, grace+4*time.Minute), map[box.Day]int{3: 64, 4: 96}},
		"three days missed": {
			1, onDay(4, 12*time.Hour), map[box.Day]int{1: 64, 2: 128, 3: 192, 4: 224},
		},
		"before it began":        {9, onDay(4, 12*time.Hour), nil},
		"two weeks, as they are": {0, onDay(40, 12*time.Hour), nil},
	} {
		s := newStream(t, c.from, c.now)
		got := map[box.Day]int{}
		for _, p := range places(s.r, testNetwork, c.now) {
			got[p.Day]++
		}
		if name == "two weeks, as they are" {
			if len(got) != 15 || got[26] != 64 || got[40] != 14*64+32 {
				t.Errorf("%s: %v", name, got)
			}
		} else if fmt.Sprint(got) != fmt.Sprint(c.want) && len(got)+len(c.want) > 0 {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
}

// TestDaysAreClosed when all bulletins about them were read, or nobody keeps them any more; and
// never one that is open, whatever somebody says.
func TestDaysAreClosed(t *testing.T) {
	s := newStream(t, 3, onDay(3, 0))
	if _, moved := s.r.Close(testNetwork, onDay(4, 3*time.Hour), 9); moved {
		t.Error("a day was closed before anything was looked for")
	}
	for i, c := range []struct {
		now   time.Time
		whole box.Day
		want  box.Day
		moved bool
	}{
		{onDay(4, time.Hour), 0, 3, false},
		{onDay(4, time.Hour), 9, 3, false},
		{onDay(4, 3*time.Hour), 3, 3, false},
		{onDay(4, 3*time.Hour), 9, 4, true},
		{onDay(9, 3*time.Hour), 6, 6, true},
		{onDay(9, 3*time.Hour), 5, 6, false},
		{onDay(40, 3*time.Hour), 0, 26, true},
	} {
		places(s.r, testNetwork, c.now)
		after, moved := s.r.Close(testNetwork, c.now, c.whole)
		if after.From != c.want || moved != c.moved {
			t.Fatalf("step %d: from %d, moved %v", i, after.From, moved)
		}
		s.r = after
	}
}

// TestHoleIsGivenUp when the box behind it is not kept any more, and not before.
func TestHoleIsGivenUp(t *testing.T) {
	s := newStream(t, 3, onDay(3, 0))
	lost, came := s.write(3, "lost"), s.write(3, "came")
	if _, err := s.read(onDay(3, time.Hour), came); err != nil {
		t.Fatal(err)
	}
	places(s.r, testNetwork, onDay(17, 12*time.Hour))
	s.r, _ = s.r.Close(testNetwork, onDay(17, 12*time.Hour), 17)
	again, err := lost.Again(testNetwork, 17)
	if err != nil {
		t.Fatal(err)
	}
	kept := s.r
	if text, err := s.read(onDay(17, 12*time.Hour), again); err != nil || text != "lost" {
		t.Errorf("sealed again on the last day: %q, %v", text, err)
	}
	places(kept, testNetwork, onDay(18, 12*time.Hour))
	s.r, _ = kept.Close(testNetwork, onDay(18, 12*time.Hour), 18)
	if len(s.r.Seen) != 0 {
		t.Errorf("still waited for: %+v", s.r.Seen)
	}
	text, err := s.read(onDay(18, 12*time.Hour), s.write(18, "next"))
	if err != nil || text != "next" {
		t.Errorf("after the hole: %q, %v", text, err)
	}
}

// TestLeftOutBoxesAreBounded: an author who leaves out boxes costs no more than is stated.
func TestLeftOutBoxesAreBounded(t *testing.T) {
	s := newStream(t, 3, onDay(3, 0))
	now, r := onDay(3, time.Hour), s.r
	for range 200 {
		places(r, testNetwork, now)
		r = r.Found(now, r.scan.base+uint64(r.next()+ahead-1), 3)
	}
	room := 1 << 20
	all, _ := r.IDs(testNetwork, now, &room)
	if r.next() > maxSpan || len(all) > maxSpan+ahead ||
		len(r.scan.known.indices) > maxSpan+aheadMost {
		t.Errorf("span %d, %d ids, %d indices", r.next(), len(all), len(r.scan.known.indices))
	}
}

// TestIdsAreWorkedOutOnceAndInTurns: what there is no room for comes later.
func TestIdsAreWorkedOutOnceAndInTurns(t *testing.T) {
	s := newStream(t, 3, onDay(3, 0))
	now := onDay(4, time.Hour)
	room := 50
	first, others := s.r.IDs(testNetwork, now, &room)
	if len(first) != 50 || room != 0 || !others {
		t.Errorf("%d ids, room for %d more", len(first), room)
	}
	room = 50
	second, others := s.r.IDs(testNetwork, now, &room)
	if len(second) != 64 || room != 36 || !others {
		t.Errorf("%d ids, room for %d more", len(second), room)
	}
	third, others := s.r.IDs(testNetwork, now.Add(time.Minute), new(int))
	if !slices.Equal(third, second) || others {
		t.Errorf("they are others the third time")
	}
	moved := s.r.Found(now, s.r.scan.base, 4)
	room = 1
	if fourth, others := moved.IDs(testNetwork, now, &room); !others || len(fourth) != 63 {
		t.Errorf("after a box came, %d are left", len(fourth))
	}
}

// TestTombstoneAndForeignBox: a tombstone has a number, and what is not looked for has none.
func TestTombstoneAndForeignBox(t *testing.T) {
	s := newStream(t, 3, onDay(3, 0))
	b := s.write(3, "gone")
	c, index, err := b.open()
	if err != nil {
		t.Fatal(err)
	}
	places(s.r, testNetwork, onDay(3, time.Hour))
	o, err := s.r.Open(testNetwork, 3, c.Tombstone(index, testNetwork.ID, 3))
	n, ok := s.r.Number(Place{3, b.ID})
	if !errors.Is(err, box.ErrTombstone) || !ok || o.Number != n {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := s.r.Open(testNetwork, 4, b.Box()); !errors.Is(err, errNotLookedFor) {
		t.Errorf("of another day: %v", err)
	}
}

// TestEveryBoxIsRead lets boxes be sealed on some days and found on later ones in any order, with a
// reader that is there now and then: whoever comes before a box is dropped reads it.
func TestEveryBoxIsRead(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newStream(t, 0, onDay(0, 15*time.Hour))
		s.keeps = true
		day, want := box.Day(0), []Sealed(nil)
		for i := range rapid.IntRange(1, 40).Draw(r, "boxes") {
			day += box.Day(rapid.IntRange(0, 15).Draw(r, "later") / 15)
			want = append(want, s.write(day, fmt.Sprint(i)))
		}
		now := onDay(int(day), 16*time.Hour)
		for len(want) > 0 {
			i := rapid.IntRange(0, min(len(want), ahead)-1).Draw(r, "comes")
			if _, err := s.read(now, want[i]); err != nil {
				r.Fatalf("on day %d, of day %d, %d left: %v", day, want[i].Day, len(want), err)
			}
			want = slices.Delete(want, i, i+1)
		}
	})
}

// TestAnnouncedBoxKeepsItsDayOpen until it comes, or nobody keeps it any more.
func TestAnnouncedBoxKeepsItsDayOpen(t *testing.T) {
	s := newStream(t, 3, onDay(3, 0))
	b := s.write(4, "late")
	now := onDay(9, 12*time.Hour)
	at := Place{4, b.ID}
	closed := func(now time.Time) box.Day {
		places(s.r, testNetwork, now)
		after, _ := s.r.Close(testNetwork, now, s.r.scan.known.view.today)
		return after.From
	}
	s.r.Listed(at) // of what was not looked for yet
	if day := closed(now); day != 9 {
		t.Errorf("the control: closed before day %d", day)
	}
	s.r.Listed(at)
	if day := closed(now); day != 4 {
		t.Errorf("announced: closed before day %d", day)
	}
	if day := closed(onDay(19, 12*time.Hour)); day != 19 {
		t.Errorf("when it is not kept: closed before day %d", day)
	}
	places(s.r, testNetwork, now)
	s.r.Listed(at)
	s.keeps = true
	if text, err := s.read(now, b); err != nil || text != "late" {
		t.Fatalf("%q, %v", text, err)
	}
	if day := closed(now); day != 9 {
		t.Errorf("when it came: closed before day %d", day)
	}
}
