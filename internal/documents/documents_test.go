package documents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/suite"
)

// network signs documents; its only authority is its only entry.
type network struct {
	*testing.T
	genesis *directory.Genesis
	author  *directory.Identity
	made    map[directory.Epoch]*directory.Document
}

// began is the start of all test networks: synctest's clock starts before any network may.
var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newNetwork(t *testing.T) *network {
	t.Helper()
	p, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	author := directory.NewIdentity([32]byte{1})
	entry := []directory.Authority{{Name: "a1", ID: author.ID(), Addr: "127.0.0.1:7001"}}
	g, err := directory.NewGenesis("test", began, p, entry, entry)
	if err != nil {
		t.Fatal(err)
	}
	return &network{t, g, author, map[directory.Epoch]*directory.Document{}}
}

func (w *network) at(e directory.Epoch) time.Time { return w.genesis.Schedule().StartOf(e) }

// signed is the document of an epoch; change makes it another one, as well signed.
func (w *network) signed(e directory.Epoch, change func(*directory.Document)) *directory.Document {
	w.Helper()
	if doc := w.made[e]; doc != nil && change == nil {
		return doc
	}
	doc := w.unsigned(e)
	if e > 0 {
		doc.Previous = w.signed(e-1, nil).Digest()
	}
	if change == nil {
		w.made[e] = doc
	} else {
		change(doc)
	}
	doc.Sign(w.author)
	if err := doc.Verify(w.genesis); err != nil {
		w.Fatal(err)
	}
	return doc
}

func (w *network) unsigned(e directory.Epoch) *directory.Document {
	doc := &directory.Document{Network: w.genesis.ID(), Epoch: e, Parameters: w.genesis.Parameters}
	for i := range 4 {
		id := directory.NewIdentity([32]byte{byte(i + 1)}).ID()
		n := directory.Node{ID: id, Role: directory.RoleMix, Layer: i, Name: fmt.Sprintf("n%d", i),
			Addr: "127.0.0.1:4000"}
		if i == 0 {
			n.Role = directory.RoleProvider
		}
		for k := range n.Keys {
			n.Keys[k] = w.key(byte(i), byte(int(e)+k))
		}
		doc.Nodes = append(doc.Nodes, n)
	}
	slices.SortFunc(doc.Nodes,
		func(a, b directory.Node) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	today := w.genesis.Schedule().DayOf(w.at(e))
	for day := today; day <= today+1; day++ {
		doc.Storing = append(doc.Storing,
			directory.StoringSet{Day: day, Nodes: []directory.NodeID{w.author.ID()}})
	}
	return doc
}

func (w *network) key(node, epoch byte) []byte {
	s, err := suite.ByName("x25519")
	if err != nil {
		w.Fatal(err)
	}
	k, err := s.NewPrivateKey([32]byte{9, node, epoch})
	if err != nil {
		w.Fatal(err)
	}
	return k.Public().Bytes()
}

// open takes up the documents of dir as a provider does, whose history is 2 epochs.
func (w *network) open(dir string, log *slog.Logger) *Set {
	w.Helper()
	files, err := OpenFiles(dir)
	if err != nil {
		w.Fatal(err)
	}
	s, err := Open(Config{Genesis: w.genesis, Store: files, Follow: Node(w.genesis, 2), Log: log})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// user writes down what it is told.
type user struct {
	mu    sync.Mutex // guards lines
	lines []string
	fails error
}

func (u *user) say(format string, args ...any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lines = append(u.lines, fmt.Sprintf(format, args...))
}

func (u *user) Use(_ time.Time, doc *directory.Document) error {
	u.say("use %d", doc.Epoch)
	return u.fails
}
func (u *user) Prepare(doc *directory.Document) error { u.say("prepare %d", doc.Epoch); return nil }
func (u *user) Expire(time.Time)                      { u.say("expire") }

// heard is what the user was told since the last call.
func (u *user) heard() string {
	synctest.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	all := strings.Join(u.lines, ", ")
	u.lines = nil
	return all
}

// run has a set run in a bubble, at a time.
func (w *network) run(s *Set, at time.Time, do func(u *user)) error {
	<-time.After(time.Until(at))
	u := &user{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, u) }() // ends below
	do(u)
	cancel()
	return <-done
}

// TestDocumentsAreKept: what was added is there after a restart, in force as long as it serves, and
// forgotten when nobody may ask for it any more.
func TestDocumentsAreKept(t *testing.T) {
	dir := t.TempDir()
	w := newNetwork(t)
	s := w.open(dir, nil)
	for e := range directory.Epoch(3) {
		for range 2 { // the same again is fine
			if err := s.Add(w.at(e), w.signed(e, nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		again := w.open(dir, nil)
		if again.Latest().Epoch != 2 || len(again.Bytes(1)) == 0 || again.Bytes(7) != nil ||
			again.Digest(1) != w.signed(1, nil).Digest() ||
			again.Digest(7) != (directory.Digest{}) {
			t.Error("a set does not give what it has")
		}
		err := w.run(again, w.at(4), func(u *user) {
			if told := u.heard(); told != "use 2" || again.Current() != again.Document(2) {
				t.Errorf("in epoch 4: %s", told)
			}
			<-time.After(time.Until(w.at(5)))
			if told := u.heard(); told != "expire" || again.Current() != nil {
				t.Errorf("in epoch 5: %s", told)
			}
			if err := again.Add(w.at(5), w.signed(5, nil)); err != nil {
				t.Error(err)
			}
			if told := u.heard(); told != "use 5" || again.Current().Epoch != 5 {
				t.Errorf("with a new document: %s", told)
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	for i, path := range left {
		left[i] = filepath.Base(path)
	}
	if !slices.Equal(left, []string{"2.document", "5.document"}) { // the first before the gap
		t.Errorf("on disk are %v", left)
	}
}

// TestContradictionsAreRefused: documents with good signatures that cannot both be true. The
// evidence survives a restart, until it is judged.
func TestContradictionsAreRefused(t *testing.T) {
	w, dir := newNetwork(t), t.TempDir()
	s := w.open(dir, nil)
	if err := s.Add(w.at(0), w.signed(0, nil)); err != nil {
		t.Fatal(err)
	}
	second := w.signed(0, func(d *directory.Document) { d.Nodes[0].Packets = 10 })
	if err := s.Add(w.at(0), second); !errors.Is(err, directory.ErrTwoDocuments) {
		t.Errorf("a second document for an epoch: %v", err)
	}
	astray := w.signed(1, func(d *directory.Document) { d.Previous[0] ^= 1 })
	if err := s.Add(w.at(1), astray); !errors.Is(err, directory.ErrBrokenChain) {
		t.Errorf("a document that does not follow: %v", err)
	}
	forged := w.signed(1, func(*directory.Document) {})
	forged.Signatures[0].Bytes[5] ^= 1
	if err := s.Add(w.at(1), forged); !errors.Is(err, directory.ErrSignature) {
		t.Errorf("a forged document: %v", err)
	}
	if err := s.Add(w.at(1), w.signed(1, nil)); err != nil {
		t.Errorf("control: the true document: %v", err)
	}
	again := w.open(dir, nil)
	found := again.Findings()
	if len(found) != 2 || !errors.Is(found[0].Proof, directory.ErrTwoDocuments) ||
		found[0].Proof.Other.Digest() != second.Digest() ||
		!errors.Is(found[1].Proof, directory.ErrBrokenChain) {
		t.Errorf("after a restart is left: %v", found)
	}
	if err := again.Judge(); err != nil || len(again.Findings()) != 0 ||
		len(w.open(dir, nil).Findings()) != 0 {
		t.Errorf("judged, and still there: %v", err)
	}
}

// TestLateComerMeetsTheChain: who has the next document takes the one that it names, and no other.
func TestLateComerMeetsTheChain(t *testing.T) {
	w := newNetwork(t)
	s := w.open(t.TempDir(), nil)
	if err := s.Add(w.at(1), w.signed(1, nil)); err != nil {
		t.Fatal(err)
	}
	second := w.signed(0, func(d *directory.Document) { d.Nodes[0].Packets = 10 })
	if err := s.Add(w.at(1), second); !errors.Is(err, directory.ErrBrokenChain) {
		t.Errorf("a document that is not the one before: %v", err)
	}
	if err := s.Add(w.at(1), w.signed(0, nil)); err != nil {
		t.Errorf("control: the one before: %v", err)
	}
}

func TestDamagedDocumentsAreNamed(t *testing.T) {
	w := newNetwork(t)
	for name, content := range map[string][]byte{
		"0.document": []byte("nonsense"),
		"1.document": w.signed(0, nil).Marshal(), // under another epoch's name
		"2.document": {},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := OpenFiles(dir)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Open(Config{Genesis: w.genesis, Store: files, Follow: Node(w.genesis, 2)})
		if err == nil || !strings.Contains(err.Error(), name) ||
			!strings.Contains(err.Error(), "remove the file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnotherGenesisIsNoDamage: documents of another network are told to be such, and nobody is
// told to remove them.
func TestAnotherGenesisIsNoDamage(t *testing.T) {
	w := newNetwork(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "0.document"), w.signed(0, nil).Marshal(),
		0o600); err != nil {
		t.Fatal(err)
	}
	files, err := OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	other := *w.genesis
	other.Label = "another"
	_, err = Open(Config{Genesis: &other, Store: files, Follow: Node(&other, 2)})
	if err == nil || !strings.Contains(err.Error(), "put that one back") ||
		strings.Contains(err.Error(), "remove the file") {
		t.Errorf("with another genesis: %v", err)
	}
	if _, err := Open(Config{Genesis: w.genesis, Store: files,
		Follow: Node(w.genesis, 2)}); err != nil {
		t.Errorf("control: %v", err)
	}
}
