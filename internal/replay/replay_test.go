package replay

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"

	"murmuration/internal/durable"
	"murmuration/internal/durable/durabletest"
)

func tag(n int) Tag { return sha512.Sum512_256(binary.BigEndian.AppendUint64(nil, uint64(n))) }

func chacha(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func mustAdd(t testing.TB, s *Set, n int, wantFresh bool) {
	t.Helper()
	if fresh, err := s.Add(tag(n)); err != nil || fresh != wantFresh {
		t.Fatalf("Add of tag %d: fresh %v, %v, want %v", n, fresh, err, wantFresh)
	}
}

// TestSameProcess: none of 10^5 replays is accepted, and no fresh tag refused.
func TestSameProcess(t *testing.T) {
	const n = 100_000
	s := NewSet(n, Secret{1})
	for i := range n {
		mustAdd(t, s, i, true)
	}
	for i := range n {
		mustAdd(t, s, i, false)
	}
	if s.Len() != n || s.Capacity() != n || s.has(tag(n)) {
		t.Errorf("Len %d, Capacity %d", s.Len(), s.Capacity())
	}
	if fresh, err := s.Add(tag(n)); fresh || !errors.Is(err, ErrFull) {
		t.Errorf("one more than the capacity: fresh %v, %v", fresh, err)
	}
	mustAdd(t, s, 0, false) // a full set still knows what it has
}

// TestSetAgainstMap checks the table against a map, with colliding and zero keys among the tags.
func TestSetAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 40).Draw(t, "capacity")
		s, model := NewSet(capacity, Secret{2}), map[Tag]bool{}
		for _, n := range rapid.SliceOf(rapid.IntRange(0, 60)).Draw(t, "tags") {
			x := tag(n)
			if n == 0 {
				x = Tag{}
			}
			fresh, err := s.Add(x)
			switch {
			case model[x]:
				if fresh || err != nil {
					t.Fatalf("replay of %d: %v, %v", n, fresh, err)
				}
			case len(model) == capacity:
				if fresh || !errors.Is(err, ErrFull) {
					t.Fatalf("full: %v, %v", fresh, err)
				}
			default:
				model[x] = true
				if !fresh || err != nil {
					t.Fatalf("fresh %d: %v, %v", n, fresh, err)
				}
			}
			if s.Len() != len(model) || !s.has(x) && model[x] {
				t.Fatalf("Len is %d, want %d", s.Len(), len(model))
			}
		}
	})
}

// TestProbesStayShort: at full load the mean probe of a fresh tag is near the (1+1/(1-3/4)^2)/2 =
// 8.5 slots of linear probing (Knuth, volume 3, 6.4), also when an attacker ground tags that agree
// in 48 of the bits that choose the slot. The control knows the secret, and piles them up.
func TestProbesStayShort(t *testing.T) {
	const n = 3000
	for i, test := range []struct {
		ground func(Tag) Tag
		short  bool
	}{
		{func(x Tag) Tag { return x }, true},
		{func(x Tag) Tag { copy(x[:6], "attack"); return x }, true},
		{func(x Tag) Tag { return knowing(x, Secret{3}) }, false},
	} {
		s := NewSet(n, Secret{3})
		for i := range n {
			if _, err := s.Add(test.ground(tag(i))); err != nil {
				t.Fatal(err)
			}
		}
		if mean := meanProbe(s, test.ground); (mean < 16) != test.short {
			t.Errorf("case %d: mean probe %.1f slots", i, mean)
		}
	}
}

// knowing makes one factor of the keyed mix zero, so that the rest of the tag does not matter.
func knowing(x Tag, secret Secret) Tag {
	copy(x[:8], secret[:8])
	return x
}

func meanProbe(s *Set, ground func(Tag) Tag) float64 {
	const samples = 1000
	total := uint64(0)
	for i := range samples {
		x := ground(tag(1<<30 + i))
		k := key(x[:keySize])
		slot, _ := s.find(k)
		total += (slot+uint64(len(s.table))-s.home(k))%uint64(len(s.table)) + 1
	}
	return float64(total) / samples
}

func openOn(t testing.TB, f *durabletest.File, capacity int) (*Journal, *Set) {
	t.Helper()
	j, s, err := openFile(f, f.Size(), capacity, chacha(1))
	if err != nil {
		t.Fatal(err)
	}
	return j, s
}

// write appends tags [from, to) in groups of 100, as the driver does.
func write(t testing.TB, j *Journal, s *Set, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		mustAdd(t, s, i, true)
		if err := j.Append(tag(i)); err != nil {
			t.Fatal(err)
		}
		if i%100 == 99 || i == to-1 {
			if err := j.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// accepted counts how many of the tags below n a restarted mix would take again.
func accepted(t testing.TB, s *Set, n int) (count int) {
	t.Helper()
	for i := range n {
		if !s.has(tag(i)) {
			count++
		}
	}
	return count
}

// TestRestart: none of 10^5 replays is accepted after a restart.
func TestRestart(t *testing.T) {
	const n = 100_000
	path := filepath.Join(t.TempDir(), "journal")
	j, s, err := Open(path, n, chacha(1))
	if err != nil {
		t.Fatal(err)
	}
	write(t, j, s, 0, n)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, s, err = Open(path, n, chacha(2))
	if err != nil {
		t.Fatal(err)
	}
	if got := accepted(t, s, n); got != 0 || s.Len() != n || j.Dropped() != 0 {
		t.Fatalf("%d of %d replays accepted after a restart", got, n)
	}
	if _, _, err := Open(path, n-1, chacha(1)); !errors.Is(err, ErrFull) {
		t.Errorf("a journal larger than the capacity: %v", err)
	}
	if err := j.erase(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the journal is still there after Erase")
	}
}

// TestPowerCut has its control: without fsync the same cuts let replays through.
func TestPowerCut(t *testing.T) {
	const n, cuts = 2000, 50
	rng := rand.New(chacha(7))
	lost := func(noSync bool) (through int) {
		for range cuts {
			f := durabletest.New(nil)
			j, s := openOn(t, f, n+100)
			f.NoSync = noSync
			write(t, j, s, 0, n)
			f.NoSync = true
			write(t, j, s, n, n+1+rng.IntN(99)) // the group that the cut tears
			after := f.Cut(rng)
			_, s, err := openFile(after, after.Size(), n+100, chacha(1))
			if err != nil && !noSync {
				t.Fatal(err)
			}
			if err != nil {
				through += n
				continue
			}
			through += accepted(t, s, n)
		}
		return through
	}
	if got := lost(false); got != 0 {
		t.Errorf("%d of %d replays accepted after power cuts", got, n*cuts)
	}
	if got := lost(true); got == 0 {
		t.Error("control: without fsync no replay was accepted")
	}
}

func TestAFailedSyncIsFinal(t *testing.T) {
	f := durabletest.New(nil)
	j, s := openOn(t, f, 10)
	write(t, j, s, 0, 3)
	f.Fail = errors.New("input/output error")
	if err := errors.Join(j.Append(tag(5)), j.Sync()); !errors.Is(err, f.Fail) {
		t.Fatalf("Sync: %v", err)
	}
	f.Fail = nil
	if j.Sync() == nil {
		t.Error("the journal went on after a failed fsync")
	}
	if j.Append(tag(6)) == nil {
		t.Error("the journal took a tag after a failed fsync")
	}
}

// TestClosedJournal takes nothing more.
func TestClosedJournal(t *testing.T) {
	j, s := openOn(t, durabletest.New(nil), 10)
	write(t, j, s, 0, 3)
	for range 2 {
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Append(tag(4)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
}

// stuck is a file that cannot be closed.
type stuck struct{ *durabletest.File }

var errStuck = errors.New("input/output error")

func (stuck) Close() error { return errStuck }

// TestEraseOfAnOpenFile: a journal that cannot be closed is not said to be destroyed.
func TestEraseOfAnOpenFile(t *testing.T) {
	j, _, err := openFile(stuck{durabletest.New(nil)}, 0, 10, chacha(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.erase(); !errors.Is(err, errStuck) {
		t.Errorf("erasing: %v", err)
	}
}

// TestNoSecret: a set whose order everybody knows is none.
func TestNoSecret(t *testing.T) {
	f := durabletest.New(nil)
	_, _, err := openFile(f, 0, 10, bytes.NewReader(make([]byte, 15)))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a secret of 15 bytes: %v", err)
	}
	path := filepath.Join(t.TempDir(), "journal")
	if j, _, err := Open(path, 10, chacha(1)); err != nil || j.Close() != nil {
		t.Fatal(err)
	}
	for size := range 32 {
		if _, _, err := OpenTags(path, 10, bytes.NewReader(make([]byte, size))); err == nil {
			t.Errorf("two secrets of %d bytes", size)
		}
	}
}

func TestCapacityBelowOne(t *testing.T) {
	for _, capacity := range []int{0, -1} {
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.Contains(said, "capacity below one") {
					t.Errorf("capacity %d: %q", capacity, said)
				}
			}()
			NewSet(capacity, Secret{})
		}()
	}
}

func TestForeignJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	content := []byte("these are somebody's notes, not a journal")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(path, 10, chacha(1)); !errors.Is(err, durable.ErrForeign) {
		t.Errorf("opening a foreign file: %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Error("the foreign file was changed")
	}
}

func FuzzJournal(f *testing.F) {
	seed := durabletest.New(nil)
	j, s := openOn(f, seed, 10)
	write(f, j, s, 0, 3)
	f.Add(seed.Bytes())
	f.Add(seed.Bytes()[:50])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		file := durabletest.New(content)
		j, s, err := openFile(file, file.Size(), 10, chacha(1))
		if err != nil {
			return
		}
		if err := errors.Join(j.Append(tag(1000)), j.Sync()); err != nil {
			t.Fatal(err)
		}
		_, again, err := openFile(file, file.Size(), 20, chacha(2))
		if err != nil || !again.has(tag(1000)) || again.Len() < s.Len() {
			t.Fatalf("reopened: %v", err)
		}
	})
}

func BenchmarkSetAdd(b *testing.B) {
	s := NewSet(b.N, Secret{1})
	rng := chacha(1)
	tags := make([]Tag, b.N)
	for i := range tags {
		rng.Read(tags[i][:])
	}
	b.ResetTimer()
	for i := range tags {
		if fresh, err := s.Add(tags[i]); !fresh || err != nil {
			b.Fatal(fresh, err)
		}
	}
	b.ReportMetric(float64(len(s.table)*keySize)/float64(b.N), "B/entry")
}

// BenchmarkDurable is what a node does for each packet: check, insert, append and group fsync,
// amortised over groups of 4,096 packets (at 2,500 packets/s a group every 1.6 s, less than a hop's
// mean delay):
//
//	go test ./internal/replay -run '^$' -bench Durable -benchtime 1000000x
func BenchmarkDurable(b *testing.B) {
	j, s, err := Open(filepath.Join(b.TempDir(), "journal"), b.N, chacha(1))
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	rng := chacha(2)
	tags := make([]Tag, b.N)
	for i := range tags {
		rng.Read(tags[i][:])
	}
	b.ResetTimer()
	for i := range tags {
		if fresh, err := s.Add(tags[i]); !fresh || err != nil {
			b.Fatal(fresh, err)
		}
		if err := j.Append(tags[i]); err != nil {
			b.Fatal(err)
		}
		if i%4096 == 4095 || i == b.N-1 {
			if err := j.Sync(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
