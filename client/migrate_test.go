package client

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/client/parts"
	"murmuration/client/store"
	"murmuration/internal/directory"
)

// thirdHome unpacks a home that the program made when its records had version 3: three posts of
// Ada's, one with a photo, and three of a feed that she follows as ben.
func thirdHome(t *testing.T) string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "home-v3.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	archive := tar.NewReader(unpacked)
	for {
		entry, err := archive.Next()
		if err == io.EOF {
			return filepath.Join(dir, "keep-v3-home")
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, entry.Name)
		if entry.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else {
			var content []byte
			if content, err = io.ReadAll(archive); err == nil {
				err = os.WriteFile(path, content, entry.FileInfo().Mode())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestHomeOfVersionThree goes on in this version with everything that was in it, though each
// attempt but the last is cut short after one transaction.
func TestHomeOfVersionThree(t *testing.T) {
	t.Parallel()
	home := thirdHome(t)
	attempts := 0
	for finished := false; !finished; attempts++ {
		s, err := store.Open(filepath.Join(home, storeDir), nil)
		if err != nil {
			t.Fatal(err)
		}
		left, free := 1, s.Free // one transaction, until the disk is full
		s.Free = func(string) (uint64, error) {
			if left--; left < 0 {
				return 0, nil
			}
			return 1 << 40, nil
		}
		opened := homeOf(t, home, s)
		err = opened.migrate()
		if err != nil && !errors.Is(err, store.ErrFull) {
			t.Fatal(err)
		}
		finished = err == nil
		s.Free = free // somebody makes room
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if attempts < 3 {
		t.Errorf("the control: it was done after %d attempts", attempts)
	}
	checkThird(t, start(t, home, ""))
}

// homeOf is a home whose store a test has opened.
func homeOf(t *testing.T, dir string, s *store.Store) home {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, genesisFile))
	if err != nil {
		t.Fatal(err)
	}
	g, err := directory.ParseGenesis(raw)
	if err != nil {
		t.Fatal(err)
	}
	return home{genesis: g, store: s}
}

func checkThird(t *testing.T, c *Client) {
	t.Helper()
	posts, err := c.Timeline(20)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, p := range posts {
		said = append(said, p.Author()+": "+p.Text)
		if len(p.ID) != 16 {
			t.Errorf("a post has the id %q", p.ID)
		}
	}
	const want = "ben: ben says three|ben: ben says two|ben: ben says one|" +
		"Ada: the third|Ada: a photo: café|Ada: the first of three"
	if got := strings.Join(said, "|"); got != want {
		t.Errorf("the timeline is %s", got)
	}
	if len(posts) == 6 {
		if p := posts[4]; len(p.Photos) != 1 || p.Photos[0].State.Where != "here" {
			t.Errorf("its photo: %+v", p.Photos)
		}
	}
	follows, err := c.Follows()
	if err != nil || len(follows) != 1 || follows[0].Petname != "ben" {
		t.Errorf("followed are %+v, %v", follows, err)
	}
	if len(c.Outbox()) != 3 {
		t.Errorf("%d entries wait", len(c.Outbox()))
	}
	err = c.View(func(now time.Time, p *parts.Person) error {
		hits, err := p.Search(now, "CAFE", 0, 9)
		if len(hits) != 1 {
			t.Errorf("found: %+v", hits)
		}
		u, err2 := p.Usage()
		if u.Posts != 6 || u.Unread != 0 {
			t.Errorf("there are %+v", u)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := c.Post(Draft{Text: "and it goes on"}); err != nil {
		t.Error(err)
	}
}
