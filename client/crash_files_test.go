package client_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"murmuration/client"
	"murmuration/client/backup"
	"murmuration/client/store"
	"murmuration/internal/counted"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/link"
	"murmuration/internal/long"
)

// crashFiles tells a child of this test binary what to do over and over, and where: "VERB DIR".
const crashFiles = "MURMUR_TEST_CRASH_FILES"

// phrases are what a home is opened with by turns; one with none costs no time.
var phrases = []string{"", "open sesame"}

// filesForever does one thing to homes and files until it is killed, and prints a line for each
// that is done: what it was done to.
func filesForever(order string) {
	verb, dir, _ := strings.Cut(order, " ")
	do := map[string]func(dir, name string) error{
		"init": makeHome, "passwd": turnPhrase, "backup": keepBackup, "restore": makeOfBackup,
		"wipe": makeAndWipe,
	}[verb]
	var err error
	for i := 0; err == nil; i++ {
		name := fmt.Sprintf("%d-%d", os.Getpid(), i)
		if err = do(dir, name); err == nil {
			fmt.Println(name)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func makeHome(dir, name string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "genesis"))
	if err != nil {
		return err
	}
	g, err := directory.ParseGenesis(raw)
	if err != nil {
		return err
	}
	return client.Create(filepath.Join(dir, name), client.Init{Name: "Ada", Genesis: g})
}

// turnPhrase changes the passphrase of the home, from whichever it has.
func turnPhrase(dir, _ string) error {
	home := filepath.Join(dir, "home")
	has, err := client.HasPassphrase(home)
	if err != nil {
		return err
	}
	old, fresh := phrases[0], phrases[1]
	if has {
		old, fresh = fresh, old
	}
	return client.ChangePassphrase(home, []byte(old), []byte(fresh))
}

func keepBackup(dir, name string) error {
	c, err := client.New(client.Config{
		Home: filepath.Join(dir, "home"), Transport: link.NewFabric().Transport,
	})
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, "copied-*")
	if err == nil {
		err = c.Backup(file, []byte("b"))
	}
	if err == nil {
		_, err = file.Seek(0, 0)
	}
	if err == nil {
		err = durable.Copy(filepath.Join(dir, name+".age"), file, 0o600)
	}
	return errors.Join(err, file.Close(), os.Remove(file.Name()), c.Close())
}

func makeOfBackup(dir, name string) error {
	file, err := os.Open(filepath.Join(dir, "ada.age"))
	if err != nil {
		return err
	}
	defer file.Close()
	r := client.Restore{}
	if r.Backup, err = backup.Open(file, []byte("b")); err != nil {
		return err
	}
	return r.Into(filepath.Join(dir, name))
}

func makeAndWipe(dir, name string) error {
	err := makeHome(dir, name)
	if err == nil {
		_, err = client.Wipe(filepath.Join(dir, name))
	}
	return err
}

// posted is a home in a directory, in which somebody has said something, and a backup of it.
func posted(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	g := crashGenesis(t)
	err := os.WriteFile(filepath.Join(dir, "genesis"), g.Marshal(), 0o600)
	if err == nil {
		err = makeHome(dir, "home")
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{Home: filepath.Join(dir, "home")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Publish()
	for i := range 3 {
		if err == nil {
			_, err = c.Post(client.Draft{Text: fmt.Sprint("post ", i)})
		}
	}
	if err = errors.Join(err, c.Close()); err == nil {
		err = keepBackup(dir, "ada")
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// postsIn are how many posts there are in a home that one of the phrases opens, and that phrase.
func postsIn(home string) (n int, phrase string, err error) {
	for _, phrase = range phrases {
		c, bad := client.New(client.Config{Home: home, Passphrase: []byte(phrase)})
		if errors.Is(bad, store.ErrPassphrase) {
			err = bad
			continue
		}
		if bad != nil {
			return 0, phrase, bad
		}
		posts, bad := c.Timeline(10)
		return len(posts), phrase, errors.Join(bad, c.Close())
	}
	return 0, "", err
}

// TestKilledWithFiles kills processes that make, wipe, back up and restore homes and change their
// passphrases, at any moment: what was done is whole, what was not is not there or can be done
// again, and a home opens with one phrase, with everything that it had.
func TestKilledWithFiles(t *testing.T) {
	kills := max(1, long.Count(t, "MURMUR_KILLS", 1, 4)/4)
	dir := posted(t)
	checks := map[string]func(t *testing.T, name string, done bool){
		"init": func(t *testing.T, name string, done bool) {
			whole(t, filepath.Join(dir, name), done, 0, func() error { return makeHome(dir, name) })
		},
		"restore": func(t *testing.T, name string, done bool) {
			whole(t, filepath.Join(dir, name), done, 3,
				func() error { return makeOfBackup(dir, name) })
		},
		"backup": func(t *testing.T, name string, done bool) {
			file, err := os.Open(filepath.Join(dir, name+".age"))
			if !done && errors.Is(err, os.ErrNotExist) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if s, err := backup.Check(file, []byte("b")); err != nil || s.Records["posts"] != 3 {
				t.Errorf("a backup has %v: %v", s.Records, err)
			}
		},
		"wipe": func(t *testing.T, name string, done bool) {
			home := filepath.Join(dir, name)
			if _, err := os.Lstat(home); done != errors.Is(err, os.ErrNotExist) && done {
				t.Errorf("%s was wiped: %v", home, err)
			}
			if _, err := client.Wipe(home); err != nil && !errors.Is(err, client.ErrNoHome) {
				t.Error(err)
			}
		},
		"passwd": func(t *testing.T, _ string, _ bool) {
			home := filepath.Join(dir, "home")
			n, phrase, err := postsIn(home)
			if err != nil || n != 3 {
				t.Errorf("the home has %d posts: %v", n, err)
			}
			left, err := filepath.Glob(filepath.Join(home, "store", ".key*"))
			if err != nil || len(left) != 0 {
				t.Errorf("of a home that was opened there is %q: %v", left, err)
			}
			if err := client.ChangePassphrase(home, []byte(phrase), nil); err != nil {
				t.Error(err)
			}
		},
	}
	for _, verb := range []string{"init", "restore", "backup", "wipe", "passwd"} {
		counted.Say(t, "kills", "%d kills of `%s`", kills, verb)
		for range kills {
			lines := killAfter(t, crashFiles, verb+" "+dir, 2)
			last := lines[len(lines)-1]
			for _, name := range lines {
				checks[verb](t, name, true)
			}
			pid, i, _ := strings.Cut(last, "-")
			next, _ := strconv.Atoi(i)
			checks[verb](t, fmt.Sprintf("%s-%d", pid, next+1), false) // what it was killed in
		}
	}
}

// whole is a home that was made, with so many posts; or one that is not there, and can be made.
func whole(t *testing.T, home string, done bool, posts int, again func() error) {
	t.Helper()
	if !done && client.CheckHome(home) != nil {
		if err := again(); err != nil {
			t.Errorf("making %s again: %v", home, err)
		}
	}
	if n, _, err := postsIn(home); err != nil || n != posts {
		t.Errorf("%s has %d posts: %v", home, n, err)
	}
	if left, _ := filepath.Glob(filepath.Join(home, "store.new*")); len(left) != 0 {
		t.Errorf("%s has %q", home, left)
	}
	if entries, err := os.ReadDir(home); err != nil || slices.ContainsFunc(entries,
		func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".tmp") }) {
		t.Errorf("%s has %v: %v", home, entries, err)
	}
}
