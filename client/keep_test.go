package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"murmuration/client/backup"
	"murmuration/client/fault"
	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// canary is in every record and name of the tests of this file, and must be in no file.
const canary = "canary-0815-canary"

func init() { backupWork = 4 }

func keptGenesis(t testing.TB, label string) *directory.Genesis {
	t.Helper()
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	one := []directory.Authority{
		{Name: "p1", ID: directory.NewIdentity([32]byte{1}).ID(), Addr: "p1:1"},
	}
	g, err := directory.NewGenesis(label, time.Now().Add(-time.Hour), par, one, one)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func start(t testing.TB, home, passphrase string) *Client {
	t.Helper()
	c, err := New(Config{
		Home: home, Passphrase: []byte(passphrase), Transport: link.NewFabric().Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// usedHome has something of every room: posts by way of the client, and a record in every bucket
// that the table has.
func usedHome(t *testing.T) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "ada")
	if err := Create(home, Init{Name: canary, Genesis: keptGenesis(t, "one")}); err != nil {
		t.Fatal(err)
	}
	c := start(t, home, "")
	if _, err := c.Publish(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Post(Draft{Text: canary + " says hello"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return home
}

// inEveryBucket puts a record into each, and says how many there are.
func inEveryBucket(t *testing.T, home string) (n int) {
	t.Helper()
	s, err := store.Open(filepath.Join(home, storeDir), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(func(tx *store.Tx) error {
		for bucket := range backup.Buckets {
			n++
			if err := tx.Copy(bucket, canary, append([]byte{0x72}, canary...)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

// filesOf is every file of a home with its content.
func filesOf(t *testing.T, home string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(home, path)
		if err != nil {
			return err
		}
		all[name], err = os.ReadFile(path)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

// TestNothingOfAHomeIsInTheClear: what was said, by whom, and what the rooms call it.
func TestNothingOfAHomeIsInTheClear(t *testing.T) {
	t.Parallel()
	home := usedHome(t)
	inEveryBucket(t, home)
	all := filesOf(t, home)
	if !bytes.Contains(all["genesis"], []byte("one")) || len(all) < 8 {
		t.Fatalf("the control: %d files", len(all))
	}
	for name, content := range all {
		for _, word := range []string{canary, "says hello", "timeline", "outbox", "follows"} {
			if bytes.Contains(content, []byte(word)) || bytes.Contains([]byte(name), []byte(word)) {
				t.Errorf("%s shows %q", name, word)
			}
		}
	}
}

// TestWipeReachesEverything: every file of a home that was used is gone, and every bucket is in one
// of them; after the first step no record of any bucket opens, whatever else is left.
func TestWipeReachesEverything(t *testing.T) {
	t.Parallel()
	home := usedHome(t)
	buckets := inEveryBucket(t, home)
	if err := os.WriteFile(filepath.Join(home, "client.toml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name := range filesOf(t, home) { // whatever a room puts into a home, Wipe has to know
		known := false
		for _, ours := range files {
			known = known || name == ours || filepath.Dir(name) == ours ||
				filepath.Dir(filepath.Dir(name)) == ours
		}
		if !known {
			t.Errorf("nobody wipes %s", name)
		}
	}
	if n := opened(t, home); n < buckets {
		t.Fatalf("the control: of %d buckets %d open", buckets, n)
	}
	cut := filepath.Join(t.TempDir(), "cut") // a wipe that was killed after its first step
	if err := errors.Join(os.CopyFS(cut, os.DirFS(home)),
		os.Remove(filepath.Join(cut, storeDir, "key"))); err != nil {
		t.Fatal(err)
	}
	if n := opened(t, cut); n != 0 {
		t.Errorf("without the key %d records open", n)
	}
	for _, dir := range []string{cut, home} {
		if left, err := Wipe(dir); err != nil || len(left) > 0 || len(filesOf(t, dir)) > 0 {
			t.Errorf("left are %v, %v", left, err)
		}
		if _, err := Wipe(dir); !errors.Is(err, ErrNoHome) {
			t.Errorf("wiping nothing: %v", err)
		}
	}
}

// opened counts the records of all buckets that a home gives to whoever has its files.
func opened(t *testing.T, home string) (n int) {
	t.Helper()
	s, err := store.Open(filepath.Join(home, storeDir), nil)
	if err != nil {
		return 0
	}
	err = s.View(func(tx *store.Tx) error {
		for bucket := range backup.Buckets {
			err := tx.Walk(bucket, func(string, []byte) error { n++; return nil })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestWipeLeavesWhatIsNotOurs, and does not touch a home in use, a node's or any other directory.
func TestWipeLeavesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	home := usedHome(t)
	theirs := filepath.Join(home, "diary.txt")
	if err := os.WriteFile(theirs, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, home, "")
	if _, err := Wipe(home); err == nil {
		t.Error("a home in use was wiped")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(home, link); err != nil {
		t.Fatal(err)
	}
	left, err := Wipe(link)
	if len(left) != 1 || filepath.Base(left[0]) != "diary.txt" || err != nil {
		t.Errorf("left are %v, %v", left, err)
	}
	if b, err := os.ReadFile(theirs); string(b) != "dear" {
		t.Errorf("a diary: %q, %v", b, err)
	}
	aNode := t.TempDir()
	if err := os.WriteFile(filepath.Join(aNode, nodeFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{aNode, t.TempDir(), filepath.Join(aNode, "nowhere")} {
		if _, err := Wipe(dir); !errors.Is(err, ErrNoHome) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if !isThere(filepath.Join(aNode, nodeFile)) {
		t.Error("a node was wiped")
	}
}

// TestHomesOverLinks: a home is found by each of its names, and a link to nothing is said to be
// one.
func TestHomesOverLinks(t *testing.T) {
	t.Parallel()
	home := usedHome(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(home, link); err != nil {
		t.Fatal(err)
	}
	if err := CheckHome(link); err != nil {
		t.Error(err)
	}
	c := start(t, link, "")
	if posts, err := c.Timeline(9); err != nil || len(posts) != 1 {
		t.Errorf("%d posts, %v", len(posts), err)
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	if err := os.Symlink(filepath.Join(home, "not-there"), nowhere); err != nil {
		t.Fatal(err)
	}
	err := Create(nowhere, Init{Name: "Ada", Genesis: keptGenesis(t, "one")})
	if !errors.Is(err, ErrNoHome) || fault.Of(err).Hint() == "" {
		t.Errorf("a link to nothing: %v", err)
	}
}

func TestPassphraseOfAHomeIsChanged(t *testing.T) {
	t.Parallel()
	home := usedHome(t)
	if err := ChangePassphrase(t.TempDir(), nil, nil); !errors.Is(err, ErrNoHome) {
		t.Errorf("of no home: %v", err)
	}
	before, err := HasPassphrase(home)
	if err := errors.Join(err, ChangePassphrase(home, nil, []byte("new"))); err != nil {
		t.Fatal(err)
	}
	if after, err := HasPassphrase(home); before || !after || err != nil {
		t.Errorf("there was one: %t, there is one: %t, %v", before, after, err)
	}
	if _, err := New(Config{Home: home}); !errors.Is(err, store.ErrPassphrase) {
		t.Errorf("without it: %v", err)
	}
	if posts, err := start(t, home, "new").Timeline(9); err != nil || len(posts) != 1 {
		t.Errorf("%d posts, %v", len(posts), err)
	}
}

// backedUp is the backup of a home.
func backedUp(t *testing.T, home string) []byte {
	t.Helper()
	c := start(t, home, "")
	var file bytes.Buffer
	if err := c.Backup(&file, []byte("of the backup")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func restore(t *testing.T, file []byte, home string, g *directory.Genesis) error {
	t.Helper()
	r, err := backup.Open(bytes.NewReader(file), []byte("of the backup"))
	if err != nil {
		return err
	}
	return Restore{Backup: r, Passphrase: []byte("of the home"), Genesis: g}.Into(home)
}

// TestRestoredHome has what was said and read, under a passphrase of its own, and nothing that the
// first one had under way: no outbox, no feed to write to twice.
func TestRestoredHome(t *testing.T) {
	t.Parallel()
	home := usedHome(t)
	file := backedUp(t, home)
	again := filepath.Join(t.TempDir(), "again")
	if err := restore(t, file, again, nil); err != nil {
		t.Fatal(err)
	}
	c, first := start(t, again, "of the home"), start(t, home, "")
	posts, err := c.Timeline(9)
	before, err2 := first.Timeline(9)
	same := fmt.Sprint(posts) == fmt.Sprint(before)
	if errors.Join(err, err2) != nil || !same || len(posts) != 1 {
		t.Errorf("%+v, not %+v, %v %v", posts, before, err, err2)
	}
	if c.self != first.self || len(first.Outbox()) != 1 || len(c.Outbox()) != 0 {
		t.Errorf("%+v, %+v, %d waiting", c.self, first.self, len(c.Outbox()))
	}
	if _, err := c.Publish(); err != nil {
		t.Error(err)
	}
	if _, err := c.Post(Draft{Text: "and after it"}); err != nil {
		t.Error(err)
	}
}

// TestRefusedRestores leave nothing behind, say what to do, and do not touch who is there.
func TestRefusedRestores(t *testing.T) {
	t.Parallel()
	home := usedHome(t)
	file := backedUp(t, home)
	other := keptGenesis(t, "other")
	inhabited := usedHome(t)
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "genesis"), other.Marshal(),
		0o600); err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.odt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := filesOf(t, inhabited)
	fresh := filepath.Join(t.TempDir(), "new")
	for name, c := range map[string]struct {
		home string
		file []byte
		g    *directory.Genesis
		want error
	}{
		"somebody lives there":      {inhabited, file, nil, errHomeTaken},
		"something else is there":   {foreign, file, nil, errNotEmpty},
		"another network is there":  {elsewhere, file, nil, errHomeTaken},
		"another network is wanted": {fresh, file, other, errOtherNetwork},
		"cut short":                 {fresh, file[:len(file)-40], nil, backup.ErrDamaged},
		"its last byte is changed": {
			fresh, append(bytes.Clone(file[:len(file)-1]), file[len(file)-1]^1), nil,
			backup.ErrDamaged,
		},
	} {
		err := restore(t, c.file, c.home, c.g)
		if !errors.Is(err, c.want) || fault.Of(err).Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
		if isThere(filepath.Join(c.home, unfinished)) {
			t.Errorf("%s: a half is left", name)
		}
	}
	if after := filesOf(t, inhabited); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Error("a home with somebody in it was changed")
	}
	if err := restore(t, file, fresh, keptGenesis(t, "one")); !errors.Is(err, errOtherNetwork) {
		t.Errorf("a network of the same name: %v", err)
	}
	if err := restore(t, file, fresh, nil); err != nil { // where each of them has failed
		t.Errorf("the control: %v", err)
	}
}

// TestForeignRecordsInABackup: whoever has the passphrase can put anything into one; what the parts
// do not understand is refused, whole.
func TestForeignRecordsInABackup(t *testing.T) {
	t.Parallel()
	g := keptGenesis(t, "one")
	head := backup.Head{Version: homeVersion, Genesis: g.Marshal(), Name: "Ada", Made: 1}
	made := func(head backup.Head, put func(*store.Tx) error) []byte {
		s := store.Memory()
		if err := s.Update(put); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		under := backup.Seal{Passphrase: []byte("of the backup"), Work: 4}
		err := s.View(func(tx *store.Tx) error { return backup.Write(&file, under, head, tx) })
		if err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	nothing := func(*store.Tx) error { return nil }
	future, noNetwork, noName := head, head, head
	future.Version++
	noNetwork.Genesis = []byte("?")
	noName.Name = "a\nb"
	for name, c := range map[string]struct {
		head backup.Head
		put  func(*store.Tx) error
		want error
	}{
		"the control": {head, nothing, nil},
		"a follow": {
			head, func(tx *store.Tx) error { return tx.Put("follows", "1", "?") }, store.ErrForeign,
		},
		"the future": {future, nothing, backup.ErrFuture},
		"no network": {noNetwork, nothing, backup.ErrDamaged},
		"no name":    {noName, nothing, backup.ErrDamaged},
	} {
		home := filepath.Join(t.TempDir(), "new")
		if err := restore(t, made(c.head, c.put), home, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if c.want != nil && isThere(filepath.Join(home, storeDir)) {
			t.Errorf("%s: a half is left", name)
		}
	}
}

// TestBackupToAFullDisk: a disk that gives nothing back is no damaged backup.
func TestBackupToAFullDisk(t *testing.T) {
	t.Parallel()
	c := start(t, usedHome(t), "")
	if err := c.Backup(writer(func([]byte) (int, error) { return 0, io.ErrShortWrite }),
		[]byte("x")); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
