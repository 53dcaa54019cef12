package quota

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"murmuration/client/content"
	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

var (
	began = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	day   = 24 * time.Hour
)

const photo = 128 << 10 // bytes

// kept is the quota of somebody who has posts, one a day, with a photo each.
type kept struct {
	*Quota
	t      *testing.T
	person *person.Person
	store  *store.Store
	line   *timeline.Timeline
}

func newKept(t *testing.T, posts int) *kept {
	t.Helper()
	k := &kept{t: t, store: store.Memory(), line: timeline.New()}
	k.person = person.New(k.store)
	k.Quota = New(k.person, Config{Store: k.store, Timeline: k.line, Erase: k.line.Erase})
	for i := range posts {
		said, err := content.Post{
			Name: "Ada", Text: fmt.Sprint("post ", i),
			Photos: []content.Photo{{Size: photo, Width: 1, Height: 1, Thumb: []byte{1}}},
		}.Marshal(8000)
		if err != nil {
			t.Fatal(err)
		}
		at := began.Add(time.Duration(i) * day)
		err = k.store.Update(func(tx *store.Tx) error {
			return k.line.Keep(tx, timeline.Entry{
				ID: fmt.Sprintf("p%02d", i), Content: said, Number: uint64(i),
				Received: at.UnixMilli(),
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return k
}

// on is what is left after a turn on a day, the oldest first, and what the person was told.
func (k *kept) on(n int) (left string, told int) {
	k.t.Helper()
	if err := k.Turn(began.Add(time.Duration(n) * day)); err != nil {
		k.t.Fatal(err)
	}
	var ids []string
	err := k.store.View(func(tx *store.Tx) error {
		return k.line.Oldest(tx, func(e timeline.Entry) (bool, error) {
			ids = append(ids, e.ID)
			return false, nil
		})
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return strings.Join(ids, " "), len(k.person.Notices())
}

// set changes the settings to some that may be less than a person could choose.
func (k *kept) set(s Settings) {
	k.t.Helper()
	err := errors.Join(k.Set(Settings{Bytes: least}), k.store.Update(func(tx *store.Tx) error {
		return tx.Put(bucketQuota, "", state{Settings: s})
	}))
	if err != nil {
		k.t.Fatal(err)
	}
}

// TestOldestGo a week after the person was told, and no more than have to; pinned ones stay.
func TestOldestGo(t *testing.T) {
	k := newKept(t, 12)
	all, told := k.on(20)
	if told != 0 || strings.Count(all, "p") != 12 {
		t.Fatalf("the control: %s, told %d times", all, told)
	}
	k.set(Settings{Bytes: 10 * photo})
	if err := k.Pin("p01", true); err != nil {
		t.Fatal(err)
	}
	if err := k.Pin("nobody", true); !errors.Is(err, timeline.ErrNoPost) {
		t.Errorf("pinning nothing: %v", err)
	}
	for _, c := range []struct {
		day, told int
		left      string
	}{
		{21, 1, all}, {22, 0, all}, {27, 0, all},
		{28, 0, "p01 p04 p05 p06 p07 p08 p09 p10 p11"},
		{29, 0, "p01 p04 p05 p06 p07 p08 p09 p10 p11"},
	} {
		if left, told := k.on(c.day); left != c.left || told != c.told {
			t.Errorf("on day %d: %s, told %d times", c.day, left, told)
		}
	}
	s, err := k.Status()
	if err != nil || s.Posts != 9 || s.Pinned != 1 || s.Used > 10<<20 || s.Going.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
	k.set(Settings{Bytes: 20 * photo})
	if left, told := k.on(60); strings.Count(left, "p") != 9 || told != 0 {
		t.Errorf("with room again: %s, told %d times", left, told)
	}
	if s, err := k.Status(); err != nil || !s.Going.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestOldPostsGo when they are older than the person wants, a week after they were told.
func TestOldPostsGo(t *testing.T) {
	k := newKept(t, 12)
	k.set(Settings{Bytes: standard, Days: 30})
	if err := errors.Join(k.Pin("p00", true), k.Pin("p03", true), k.Pin("p03", false)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ day, told, left int }{
		{20, 0, 12}, {25, 1, 12}, {31, 0, 12}, {32, 0, 11}, {33, 0, 10}, {90, 0, 1}, {91, 0, 1},
	} {
		if left, told := k.on(c.day); strings.Count(left, "p") != c.left || told != c.told {
			t.Errorf("on day %d: %s, told %d times", c.day, left, told)
		}
	}
}

// TestManyGo: more than one transaction takes.
func TestManyGo(t *testing.T) {
	k := newKept(t, 3*batch+5)
	k.set(Settings{Bytes: standard, Days: 1})
	k.on(100)
	if left, _ := k.on(108); left != "" {
		t.Errorf("left are %s", left)
	}
}

func TestSettingsThatAreNone(t *testing.T) {
	k := newKept(t, 0)
	for _, s := range []Settings{
		{}, {Bytes: least - 1}, {Bytes: most + 1}, {Bytes: least, Days: -1},
		{Bytes: least, Days: maxDays + 1},
	} {
		if err := k.Set(s); !errors.Is(err, errBytes) && !errors.Is(err, errDays) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	k.set(Settings{Bytes: least, Days: maxDays})
	err := k.store.Update(func(tx *store.Tx) error { return tx.Put(bucketQuota, "", "?") })
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Turn(began); !errors.Is(err, store.ErrForeign) {
		t.Errorf("a damaged record: %v", err)
	}
}
