package pgstore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/durable"
)

func keyOf(n int) []byte { return fmt.Appendf(nil, "key %d", n) }

// TestShardsShareAlike: each shard has its part of the keys, within four standard deviations, and a
// shard that comes takes some from all and moves nothing else.
func TestShardsShareAlike(t *testing.T) {
	const keys = 20_000
	for _, shards := range [][]uint8{{0}, {0, 1}, {0, 2, 63}, {4, 5, 6, 7, 8}} {
		have, moved := map[uint8]int{}, 0
		for n := range keys {
			first := order(shards, keyOf(n))[0]
			have[first]++
			switch more := order(append(slices.Clone(shards), 9), keyOf(n))[0]; more {
			case first:
			case 9:
				moved++
			default:
				t.Fatalf("key %d moved from shard %d to %d when 9 came", n, first, more)
			}
		}
		near := func(got, parts int) bool {
			p := 1 / float64(parts)
			return math.Abs(float64(got)-keys*p) <= 4*math.Sqrt(keys*p*(1-p))
		}
		for _, shard := range shards {
			if !near(have[shard], len(shards)) {
				t.Errorf("shard %d of %v has %d of %d keys", shard, shards, have[shard], keys)
			}
		}
		if !near(moved, len(shards)+1) {
			t.Errorf("the shard that came to %v has %d of %d keys", shards, moved, keys)
		}
	}
}

// TestPlaceOfAKey: where a key is was decided once and for all; a store finds it by the same rule.
func TestPlaceOfAKey(t *testing.T) {
	s := &Store{}
	for _, n := range []uint8{2, 0, 1} {
		s.shards = append(s.shards, &shard{number: n})
	}
	d := &day{shards: []uint8{0, 1, 2}}
	var where []byte
	for n := range 16 {
		where = append(where, '0'+s.at(d, keyOf(n)).number)
		if got := order(d.shards, keyOf(n)); s.at(d, keyOf(n)).number != got[0] || len(got) != 3 {
			t.Errorf("key %d is at shard %d, and its order is %v", n, s.at(d, keyOf(n)).number, got)
		}
	}
	if string(where) != "2020122200021001" {
		t.Errorf("16 keys are at %s, want %s", where, "2020122200021001")
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"host=/run/postgresql dbname=boxes user=m":                         "",
		"postgres://m@localhost/boxes?sslmode=disable":                     "",
		"postgres://m@127.0.0.1/boxes":                                     "",
		"postgres://m@[::1]/boxes":                                         "",
		"postgres://m@db.example.org/boxes":                                "in the clear",
		"postgres://m@db.example.org/boxes?sslmode=disable":                "in the clear",
		"postgres://m@db.example.org/boxes?sslmode=prefer":                 "in the clear",
		"postgres://m@db.example.org/boxes?sslmode=require":                "nobody knows whom",
		"postgres://m@db.example.org/boxes?sslmode=verify-ca":              "",
		"postgres://m@db.example.org/boxes?sslmode=verify-full":            "",
		"postgres://m@localhost,db.example.org/boxes":                      "in the clear",
		"postgres://m@db-1.example.org,db-2.example.org/b?sslmode=require": "db-2.example.org",
		"postgres://m:hunter2@[/boxes":                                     "cannot parse",
		"host=a.example.org sslmode=nonsense":                              "sslmode is invalid",
	} {
		err := Check([]string{text})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password stands in the error", text)
		}
	}
	for _, list := range [][]string{nil, make([]string, mostShards+1),
		{"host=/a dbname=x", "host=/b dbname=x", "host=/a dbname=x"}} {
		if Check(list) == nil {
			t.Errorf("%d databases are taken: %q", len(list), list)
		}
	}
	a, err := parseAddress(
		"postgres://m:hunter2@a.example.org,b.example.org:9/x?sslmode=verify-full")
	if err != nil || a.name != "a.example.org:5432,b.example.org:9/x" {
		t.Errorf("its name for people is %q, %v", a.name, err)
	}
}

// TestSecret: it is kept, made once, and has one spelling; without it, or with another, nothing is
// opened.
func TestSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if _, err := readSecret(path); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("no file: %v", err)
	}
	one, err := makeSecret(path)
	two, err2 := makeSecret(path)
	if err := errors.Join(err, err2); err != nil || one != two || one == (secret{}) {
		t.Fatalf("the secret was made twice, or not at all: %v", err)
	}
	salt := bytes.Repeat([]byte{1}, 32)
	other := one
	other[31] ^= 1
	same := [][]byte{one.dayKey(salt, 3), one.dayKey(salt, 4), one.dayKey(nil, 3), one.proof(),
		other.dayKey(salt, 3), other.proof()}
	for i, a := range same {
		for _, b := range same[:i] {
			if bytes.Equal(a, b) {
				t.Errorf("key %d is the same as one before", i)
			}
		}
	}
}

func FuzzSecret(f *testing.F) {
	f.Add(secret{1}.text())
	f.Add([]byte(secretHeader))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := parseSecret(text)
		if err == nil && !bytes.Equal(k.text(), text) {
			t.Errorf("%q has another spelling", text)
		}
		if err != nil && !errors.Is(err, durable.ErrForeign) &&
			!errors.Is(err, durable.ErrCorrupt) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// FuzzDay: a row of a day that is taken is one that this program could have written.
func FuzzDay(f *testing.F) {
	f.Add(bigint(3), bytes.Repeat([]byte{7}, 32), []byte{0, 1, 63})
	f.Add(bigint(1<<16), []byte{}, []byte{1, 1})
	f.Fuzz(func(t *testing.T, number, salt, shards []byte) {
		d, err := parseDay([][]byte{number, salt, shards})
		if err != nil {
			return
		}
		if !bytes.Equal(bigint(uint64(d.number)), number) || len(d.salt) != 32 ||
			!slices.IsSorted(d.shards) || len(d.shards) == 0 ||
			len(slices.Compact(slices.Clone(d.shards))) != len(shards) ||
			d.shards[len(d.shards)-1] >= mostShards {
			t.Errorf("%x, %x, %x is taken", number, salt, shards)
		}
	})
}

// TestRows: what a database answers that was not asked for is an error, and no panic.
func TestRows(t *testing.T) {
	for _, rows := range [][][][]byte{{{{1}}}, {{nil, {1}}}, {{{1}, nil}}, {{{1}, {2}, {3}}},
		{{}}} {
		if err := (&query{rows: rows}).into(map[string][]byte{}); !errors.Is(err, errWire) {
			t.Errorf("%v as keys and values: %v", rows, err)
		}
		if _, err := (&query{rows: rows}).one(2); !errors.Is(err, errWire) {
			t.Errorf("%v as one row: %v", rows, err)
		}
		if _, err := parseDay(rows[0]); !errors.Is(err, errWire) {
			t.Errorf("%v as a day: %v", rows, err)
		}
	}
	have := map[string][]byte{}
	if err := (&query{rows: [][][]byte{{{1}, {2}}, {{3}, {}}}}).into(have); err != nil ||
		len(have) != 2 || !bytes.Equal(have["\x01"], []byte{2}) {
		t.Errorf("two rows: %v, %v", have, err)
	}
	for _, b := range [][]byte{nil, {1}, make([]byte, 9), {0x80, 0, 0, 0, 0, 0, 0, 0}} {
		if _, err := parseBigint(b); err == nil {
			t.Errorf("%x is a number", b)
		}
	}
	if got := text(bytes.Repeat([]byte("x"), 1<<20)); len(got) > 200 {
		t.Errorf("text of %d bytes", len(got))
	}
}

// TestArray: the bytes that PostgreSQL 15 sends for ARRAY['\x01ff', ”]::bytea[] and for none.
func TestArray(t *testing.T) {
	for want, elements := range map[string][][]byte{
		"000000000000000000000011": nil,
		"0000000100000000000000110000000200000001" + "0000000201ff" + "00000000": {{1, 0xff}, {}},
	} {
		if got := hex.EncodeToString(array(elements)); got != want {
			t.Errorf("%x is %s, want %s", elements, got, want)
		}
	}
}

// TestPages: large records are read alone, small ones many at a time.
func TestPages(t *testing.T) {
	for _, c := range []struct {
		sizes []uint64
		want  int
	}{{[]uint64{1 << 62}, 1}, {[]uint64{9 << 20, 1}, 1}, {[]uint64{1, 9 << 20, 1}, 1},
		{[]uint64{2 << 20, 2 << 20, 1}, 2}, {make([]uint64, 1000), page}} {
		var keys []recordKey
		for _, size := range c.sizes {
			keys = append(keys, recordKey{size: size})
		}
		if got := pageOf(keys); got != c.want {
			t.Errorf("%d records of %d bytes at the first: %d in a page, want %d", len(keys),
				c.sizes[0], got, c.want)
		}
	}
}

// TestLocks: who holds a name keeps others out, and nobody else.
func TestLocks(t *testing.T) {
	var l locks
	var group sync.WaitGroup
	counts := [2]int{} // guarded by what is tested
	for n := range 64 {
		group.Go(func() {
			defer l.lock(string(rune('a' + n%2)))()
			counts[n%2]++
		})
	}
	group.Wait()
	if counts != [2]int{32, 32} || len(l.held) != 0 {
		t.Errorf("%v were counted, %d are held", counts, len(l.held))
	}
	defer l.lock("a")()
	l.lock("b")() // or this would wait for ever
}

// TestSheet: what one batch does to a key twice is done once, the last way.
func TestSheet(t *testing.T) {
	d := &day{number: 12}
	b := &batch{shard: &shard{number: 5}, number: 7, sheets: map[*day]*sheet{d: {
		have: map[string][]byte{}, set: map[string][]byte{}}}}
	b.set(d, []byte("b1"), []byte("one"))
	b.set(d, []byte("b1"), []byte("two"))
	b.set(d, []byte("q1"), []byte("three"))
	b.remove(d, []byte("q1"))
	if at := (box.Place{Commit: 7, Index: 4<<8 | 5}); b.place() != at {
		t.Errorf("the next place is %v, want %v", b.place(), at)
	}
	said := map[string]int{}
	for _, q := range b.sheets[d].queries(d) {
		verb, _, _ := strings.Cut(q.sql, " SELECT")
		said[verb] = len(q.args)
	}
	if len(said) != 2 || said["INSERT INTO murmur_day_00012.box"] != 2 ||
		said["DELETE FROM murmur_day_00012.queue WHERE k = ANY($1::bytea[])"] != 1 {
		t.Errorf("the statements are %v", said)
	}
}
