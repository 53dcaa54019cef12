package node

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"murmuration/internal/directory"
)

func openShelf(t *testing.T, w *signer, dir string) *Shelf {
	t.Helper()
	s, err := OpenShelf(w.genesis, dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestShelf(t *testing.T) {
	w := newSigner(t)
	dir := t.TempDir()
	s := openShelf(t, w, dir)
	at := w.genesis.Schedule().StartOf
	for e := range directory.Epoch(3) {
		for range 2 { // the same again is fine
			if err := s.Keep(at(e), w.signed(e, nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	again := openShelf(t, w, dir)
	if doc, err := again.Current(at(4)); err != nil || doc.Epoch != 2 {
		t.Errorf("after a restart, in force in epoch 4 is %v, %v", doc, err)
	}
	if doc, err := again.Current(at(5)); err == nil {
		t.Errorf("in epoch 5 a document of epoch %d is in force", doc.Epoch)
	}
	if again.Latest().Epoch != 2 || len(again.Bytes(1)) == 0 || again.Bytes(7) != nil {
		t.Error("a shelf does not give what it has")
	}
	if err := again.Keep(at(1+shelved+1), w.signed(3, nil)); err != nil {
		t.Fatal(err)
	}
	if again.Document(0) != nil || again.Document(1) != nil || again.Document(2) == nil {
		t.Error("the wrong documents were forgotten")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("on disk are %v", left)
	}
}

// TestContradictionsAreRefused: documents with good signatures that cannot both be true.
func TestContradictionsAreRefused(t *testing.T) {
	w := newSigner(t)
	at := w.genesis.Schedule().StartOf
	s := openShelf(t, w, t.TempDir())
	first := w.signed(0, nil)
	if err := s.Keep(at(0), first); err != nil {
		t.Fatal(err)
	}
	second := w.signed(0, func(d *directory.Document) { d.Nodes[0].Packets = 10 })
	if err := s.Keep(at(0), second); !errors.Is(err, directory.ErrTwoDocuments) {
		t.Errorf("a second document for an epoch: %v", err)
	}
	astray := w.signed(1, func(d *directory.Document) { d.Previous[0] ^= 1 })
	if err := s.Keep(at(1), astray); !errors.Is(err, directory.ErrBrokenChain) {
		t.Errorf("a document that does not follow: %v", err)
	}
	forged := w.signed(1, nil)
	forged.Signatures[0].Bytes[5] ^= 1
	if err := s.Keep(at(1), forged); !errors.Is(err, directory.ErrSignature) {
		t.Errorf("a forged document: %v", err)
	}
	if err := s.Keep(at(1), w.signed(1, nil)); err != nil {
		t.Errorf("control: the true document: %v", err)
	}
	late := openShelf(t, w, t.TempDir())
	if err := late.Keep(at(1), w.signed(1, nil)); err != nil {
		t.Fatal(err)
	}
	if err := late.Keep(at(1), second); !errors.Is(err, directory.ErrBrokenChain) {
		t.Errorf("a document that is not the one before: %v", err)
	}
}

func TestDamagedDocumentsAreNamed(t *testing.T) {
	w := newSigner(t)
	for name, content := range map[string][]byte{
		"0.document": []byte("nonsense"),
		"1.document": w.signed(0, nil).Marshal(), // under another epoch's name
		"2.document": {},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenShelf(w.genesis, dir); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "remove the file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
