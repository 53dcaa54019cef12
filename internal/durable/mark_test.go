package durable_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"murmuration/internal/durable"
	"murmuration/internal/durable/durabletest"
)

func newMark(t testing.TB) (path string, content []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "mark")
	if err := durable.CreateMark(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, content
}

func TestMarkOnDisk(t *testing.T) {
	path, _ := newMark(t)
	for want := uint64(0); want < 12; want += 3 {
		m, err := durable.OpenMark(path)
		if err != nil || m.Value() != want {
			t.Fatalf("value is %d, %v, want %d", m.Value(), err, want)
		}
		for i := range uint64(3) {
			if err := m.Set(want + i + 1); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := durable.CreateMark(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("creating over an existing mark: %v", err)
	}
	if _, err := durable.OpenMark(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening what is not there: %v", err)
	}
}

// cutMark sets a mark to n, begins n+1 and cuts the power; it returns what the next start reads.
func cutMark(t *testing.T, content []byte, n uint64, rng *rand.Rand, noSync bool) uint64 {
	f := durabletest.New(content)
	f.NoSync = noSync
	m, err := durable.OpenMarkFile(f, "test")
	if err != nil {
		t.Fatal(err)
	}
	for v := range n {
		if err := m.Set(v + 1); err != nil {
			t.Fatal(err)
		}
	}
	f.NoSync = true
	if err := m.Set(n + 1); err != nil {
		t.Fatal(err)
	}
	m, err = durable.OpenMarkFile(f.Cut(rng), "test")
	if err != nil {
		t.Fatal(err)
	}
	return m.Value()
}

func TestMarkPowerCut(t *testing.T) {
	_, content := newMark(t)
	rng := rand.New(rand.NewPCG(2, 0))
	lost := 0
	for n := range uint64(300) {
		if got := cutMark(t, content, n%9, rng, false); got != n%9 && got != n%9+1 {
			t.Fatalf("mark is %d after %d was synced", got, n%9)
		}
		if cutMark(t, content, 8, rng, true) < 8 {
			lost++
		}
	}
	if lost < 30 {
		t.Fatalf("control: without fsync only %d of 300 cuts lost the mark", lost)
	}
}

// TestMarkSlots: whichever block a torn write destroys, the newest value is left or the one before
// it.
func TestMarkSlots(t *testing.T) {
	_, content := newMark(t)
	f := durabletest.New(content)
	m, err := durable.OpenMarkFile(f, "test")
	if err != nil {
		t.Fatal(err)
	}
	for n := uint64(1); n < 6; n++ {
		if err := m.Set(n); err != nil {
			t.Fatal(err)
		}
		for slot := range 2 {
			torn := bytes.Clone(f.Bytes())
			clear(torn[4096*slot:][:8])
			if got, err := durable.OpenMarkFile(durabletest.New(torn), "test"); err != nil ||
				got.Value() != n && got.Value() != n-1 {
				t.Errorf("after %d, without slot %d: %v, %v", n, slot, got, err)
			}
		}
	}
}

func FuzzMark(f *testing.F) {
	_, content := newMark(f)
	f.Add(content)
	f.Add(content[:20])
	f.Add([]byte("MURMMRK1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := durable.OpenMarkFile(durabletest.New(b), "fuzz")
		if err != nil {
			if !errors.Is(err, durable.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if v := m.Value(); v+1 > v && m.Set(v+1) != nil {
			t.Fatal("cannot go on")
		}
	})
}
