package authority

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/documents"
	"murmuration/internal/durable"
	"murmuration/internal/durable/durabletest"
	"murmuration/internal/node"
)

// lone is the home of a network's only authority, whose nodes are played by the test.
type lone struct {
	t       *testing.T
	genesis *directory.Genesis
	home    *node.Home
	start   time.Time
}

// cast is the nodes of the network: three mixes and two providers.
var cast = []directory.Role{directory.RoleMix, directory.RoleMix, directory.RoleMix,
	directory.RoleProvider, directory.RoleProvider}

func newLone(t *testing.T) *lone {
	t.Helper()
	par, err := config.LoadPreset("fast")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1_800_000_000, 0)
	one := []directory.Authority{{Name: "a", Addr: "127.0.0.1:1",
		ID: directory.NewIdentity([32]byte{1}).ID()}}
	l := &lone{t: t, start: start}
	if l.genesis, err = directory.NewGenesis("test", start, par, one, one); err != nil {
		t.Fatal(err)
	}
	l.home, err = node.CreateHome(filepath.Join(t.TempDir(), "home"), l.genesis, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	var list directory.Admissions
	for i, role := range cast {
		list = list.Add(directory.Admission{ID: player(i).ID(), Role: role})
	}
	path := l.home.Path(AdmissionsFile)
	if err := durable.WriteFile(path, list.Marshal(), 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

func player(i int) *directory.Identity { return directory.NewIdentity([32]byte{byte(i + 10)}) }

// open is the authority after a start: what it does not have on its disk it does not know.
func (l *lone) open() *Authority {
	l.t.Helper()
	files, err := documents.OpenFiles(l.t.TempDir())
	if err != nil {
		l.t.Fatal(err)
	}
	set, err := documents.Open(documents.Config{Genesis: l.genesis, Store: files,
		Follow: documents.Node(l.genesis, 0)})
	if err != nil {
		l.t.Fatal(err)
	}
	a, err := New(Options{Home: l.home, Documents: set, Log: slog.New(slog.DiscardHandler)},
		l.start)
	if err != nil {
		l.t.Fatal(err)
	}
	return a
}

// decide has all nodes describe themselves, at an address of this run, and the authority tally.
func (l *lone) decide(a *Authority, addr string) error {
	l.t.Helper()
	for i, role := range cast {
		d := described(l.t, l.genesis, player(i))
		d.Name, d.Role, d.Addr = fmt.Sprint("n", i), role, addr
		d.Storing = role == directory.RoleProvider
		if err := d.GiveTokens(player(i), l.genesis.Schedule()); err != nil {
			l.t.Fatal(err)
		}
		d.Sign(player(i))
		_ = a.voter.Add(l.start, d) // none is taken once a document is decided
	}
	_, err := a.advance(l.start.Add(time.Millisecond))
	return err
}

// TestSignsOnceOverAPowerCut: after the power went, right when a document was out, the authority
// signs the same one again, whatever the nodes say by then. The control, on a disk that only says
// that it has what it was given, signs another one.
func TestSignsOnceOverAPowerCut(t *testing.T) {
	for _, synced := range []bool{true, false} {
		l := newLone(t)
		first := l.open()
		disk := durabletest.New(nil)
		disk.NoSync = !synced
		first.keep = func(_ string, raw []byte) error {
			if first.Documents.Latest() != nil {
				t.Error("a document was out before its record was on the disk")
			}
			if _, err := disk.WriteAt(raw, 0); err != nil {
				return err
			}
			return disk.Sync()
		}
		if err := l.decide(first, "127.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
		if left := disk.Cut(nil).Bytes(); len(left) > 0 {
			if err := os.WriteFile(l.home.Path(recordFile), left, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		again := l.open()
		if err := l.decide(again, "127.0.0.1:2"); err != nil {
			t.Fatal(err)
		}
		one, two := first.Documents.Latest(), again.Documents.Latest()
		if one == nil || two == nil || (one.Digest() == two.Digest()) != synced {
			t.Errorf("synced %t: the same document %t", synced,
				one != nil && two != nil && one.Digest() == two.Digest())
		}
	}
}

// TestNothingIsSignedThatIsNotKept: while the disk refuses, there is no document; a disk that is
// full is waited for, and what was decided then is signed; one that fails for good ends the run.
func TestNothingIsSignedThatIsNotKept(t *testing.T) {
	l := newLone(t)
	a := l.open()
	keep := a.keep
	broken := errors.New("broken")
	a.keep = func(string, []byte) error { return broken }
	if err := l.decide(a, "127.0.0.1:1"); !errors.Is(err, broken) || a.Documents.Latest() != nil {
		t.Fatalf("%v, a document: %t", err, a.Documents.Latest() != nil)
	}
	a = l.open()
	a.keep = func(string, []byte) error { return durable.ErrNoSpace }
	if err := l.decide(a, "127.0.0.1:1"); err != nil || a.Documents.Latest() != nil {
		t.Fatalf("a full disk: %v, a document: %t", err, a.Documents.Latest() != nil)
	}
	a.keep = keep
	if _, err := a.advance(l.start.Add(time.Second)); err != nil || a.Documents.Latest() == nil {
		t.Fatalf("when there is room again: %v", err)
	}
	raw, err := os.ReadFile(l.home.Path(recordFile))
	if err != nil {
		t.Fatal(err)
	}
	record, err := directory.ParseRecord(raw)
	if err != nil || record.Digest != a.Documents.Latest().Digest() {
		t.Errorf("the record is another: %v", err)
	}
}
