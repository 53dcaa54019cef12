package client_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client"
	"murmuration/client/connection"
	"murmuration/client/photo"
	"murmuration/client/store"
	"murmuration/internal/directory"
)

func TestProviderRestartLosesNothing(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		for _, text := range []string{"one", "two", "three"} {
			ada.say(client.Draft{Text: text})
			<-time.After(10 * time.Second)
			tn.hangUp()
		}
		await(t, "third post", 20*time.Minute, func() bool { return strings.Count(bob.read(), "\n") == 3 })
		if bob.read() != "ada: three\nada: two\nada: one\n" {
			t.Errorf("Bob reads %q", bob.read())
		}
	})
}

func TestClientRestartGoesOn(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		receipt := ada.say(client.Draft{Text: "with a photo", Photo: noise(t, 70, 70)})
		<-time.After(4 * time.Second)
		restart(t, tn, ada) // in the middle of writing
		await(t, "post", 10*time.Minute, func() bool { return bob.read() != "" })
		posts, _ := bob.Timeline(1)
		if _, err := bob.FetchPhoto(posts[0].ID); err != nil {
			t.Fatal(err)
		}
		await(t, "part of the photo", 10*time.Minute, func() bool {
			s, err := bob.FetchPhoto(posts[0].ID)
			return err == nil && s.Got > 0
		})
		before, _ := bob.FetchPhoto(posts[0].ID)
		restart(t, tn, bob) // in the middle of reading
		if after, _ := bob.FetchPhoto(posts[0].ID); after.Got < before.Got {
			t.Errorf("%d parts were here, and %d after a restart", before.Got, after.Got)
		}
		await(t, "photo", 20*time.Minute, func() bool {
			s, err := bob.FetchPhoto(posts[0].ID)
			return err == nil && s.Where == photo.Here
		})
		his, _ := bob.Photo(posts[0].ID)
		hers, _ := ada.Photo(receipt.Post)
		if !bytes.Equal(his, hers) {
			t.Error("the photos differ")
		}
		ada.say(client.Draft{Text: "again"})
		await(t, "second post", 10*time.Minute, func() bool { return strings.Contains(bob.read(), "again") })
		if bob.read() != "ada: again\nada: with a photo\n" {
			t.Errorf("Bob reads %q", bob.read())
		}
	})
}

func restart(t *testing.T, tn *town, r *resident) {
	t.Helper()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	tn.start(r)
}

// away stops clients, and starts them again later: virtual time is cheap without a database.
func away(t *testing.T, tn *town, d time.Duration, people ...*resident) {
	t.Helper()
	for _, r := range people {
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	}
	<-time.After(d)
	for _, r := range people {
		tn.start(r)
	}
}

// TestReaderComesBackAfterDays lets the reader be away for two midnights while the author posts.
func TestReaderComesBackAfterDays(t *testing.T) {
	t.Parallel()
	par := slowTown()
	inTown(t, par, []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		if err := bob.stop(); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"monday", "tuesday"} {
			ada.say(client.Draft{Text: text})
			await(t, "acknowledgement", time.Hour, func() bool { return ada.Status().Waiting == 0 })
			away(t, tn, 24*time.Hour, ada)
		}
		tn.start(bob)
		await(t, "both posts", time.Hour, func() bool { return strings.Count(bob.read(), "\n") == 2 })
		if bob.read() != "ada: tuesday\nada: monday\n" {
			t.Errorf("Bob reads %q", bob.read())
		}
	})
}

// slowTown is for tests that last days.
func slowTown() directory.Parameters {
	par := townParameters()
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 10*time.Second, 20*time.Second, 20*time.Second
	par.WatchedBoxes = 2
	par.EpochLength = 8 * time.Hour
	par.Grace = par.EpochLength / 4
	return par
}

// TestBoxIsSealedAgain keeps the author off the network until the day of the first seal, and its
// grace, are over.
func TestBoxIsSealedAgain(t *testing.T) {
	t.Parallel()
	inTown(t, slowTown(), []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		tn.mu.Lock()
		tn.loss = 1
		tn.mu.Unlock()
		ada.say(client.Draft{Text: "late"})
		<-time.After(10 * time.Minute)
		if line := ada.Outbox()[0]; line.State != "handed over" {
			t.Errorf("while everything is lost: %+v", line)
		}
		away(t, tn, 30*time.Hour, ada, bob)
		tn.mu.Lock()
		tn.loss = 0
		tn.mu.Unlock()
		await(t, "post", time.Hour, func() bool { return bob.read() != "" })
		await(t, "acknowledgement", time.Hour, func() bool { return ada.Outbox()[0].State == "stored" })
	})
}

func TestOutboxExpires(t *testing.T) {
	t.Parallel()
	par := slowTown()
	par.RetentionDays = 1
	inTown(t, par, []string{"Ada"}, func(tn *town, people ...*resident) {
		ada := people[0]
		ada.publish()
		tn.mu.Lock()
		tn.loss = 1
		tn.mu.Unlock()
		ada.say(client.Draft{Text: "never"})
		away(t, tn, 26*time.Hour, ada)
		await(t, "connection", time.Hour, func() bool { return ada.Status().LoopsOf > 32 })
		if line := ada.Outbox()[0]; line.State != "expired" || line.Reason == "" {
			t.Errorf("%+v", line)
		}
		if s := ada.Status(); s.Waiting != 0 || len(s.Trouble) == 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestCopiedHomeIsNoticed lets a copy of a home write to the same feed.
func TestCopiedHomeIsNoticed(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Ada"}, func(tn *town, people ...*resident) {
		ada := people[0]
		link := ada.publish()
		if err := ada.stop(); err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(copied, os.DirFS(ada.home)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(copied, "store", "key"), 0o600); err != nil {
			t.Fatal(err)
		}
		twin := &resident{t: t, home: copied}
		twin.room.Store(math.MaxInt64)
		tn.start(twin)
		twin.say(client.Draft{Text: "from the copy"})
		await(t, "the copy's post", 10*time.Minute, func() bool { return twin.Outbox()[0].State == "stored" })
		if err := twin.stop(); err != nil {
			t.Fatal(err)
		}
		tn.start(ada)
		ada.say(client.Draft{Text: "from the original"})
		await(t, "conflict", 10*time.Minute, func() bool { return ada.Outbox()[0].State == "expired" })
		if line := ada.Outbox()[0]; !strings.Contains(line.Reason, "copy") {
			t.Errorf("%+v", line)
		}
		if s := ada.Status(); len(s.Trouble) != 1 || !strings.Contains(s.Trouble[0].What, "copy") {
			t.Errorf("nobody is told: %+v", s.Trouble)
		}
		if ada.publish()[:60] == link[:60] {
			t.Error("the feed goes on under the old keys")
		}
		if s := ada.Status(); len(s.Trouble) != 0 {
			t.Errorf("told again with the new link in hand: %+v", s.Trouble)
		}
		ada.say(client.Draft{Text: "in the new epoch"})
		await(t, "post of the new epoch", 10*time.Minute, func() bool { return ada.Outbox()[0].State == "stored" })
	})
}

func TestEpochsWithDrivers(t *testing.T) {
	t.Parallel()
	par := townParameters()
	par.MeanHopDelay, par.HopDelayLimit = 20*time.Millisecond, 200*time.Millisecond
	par.EpochLength = 16 * time.Second
	par.Grace = par.EpochLength / 4
	inTown(t, par, []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		for range 5 {
			ada.say(client.Draft{Text: "tick"})
			<-time.After(par.EpochLength)
		}
		await(t, "all posts", 5*time.Minute, func() bool { return strings.Count(bob.read(), "\n") == 5 })
		if s := ada.Status(); s.Silent != 0 || s.Epoch < 5 || s.Document < s.Epoch {
			t.Errorf("%+v", s)
		}
	})
}

// TestWrongClock shows a client a network that has not begun, and one that is far in its future.
func TestWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := newTown(t, townParameters())
		defer func() { tn.stop(); synctest.Wait() }()
		later := *tn.genesis
		later.Start = later.Start.Add(1000 * time.Hour)
		home := t.TempDir()
		if err := client.Create(home, client.Init{Name: "Ada", Genesis: &later}); err != nil {
			t.Fatal(err)
		}
		c, err := client.New(client.Config{Home: home, Transport: tn.fabric.Transport})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = c.Run(t.Context())
		if !errors.Is(err, connection.ErrClock) || strings.Count(err.Error(), "2026-") < 2 || time.Since(began) > time.Minute {
			t.Errorf("a clock before the network's start: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestUnfinishedHome leaves what a Create that was killed leaves: it is no home, and Create makes one of it.
func TestUnfinishedHome(t *testing.T) {
	home, who := t.TempDir(), client.Init{Name: "Ada", Genesis: crashGenesis(t)}
	for _, file := range []string{"genesis", "store.new/key"} {
		path := filepath.Join(home, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, who.Genesis.Marshal(), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.CheckHome(home); !errors.Is(err, client.ErrNoHome) {
		t.Errorf("an unfinished home: %v", err)
	}
	if err := errors.Join(client.Create(home, who), client.CheckHome(home)); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{Home: home})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestHomesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tn := newTown(t, townParameters())
		defer func() { tn.stop(); synctest.Wait() }()
		if _, err := client.New(client.Config{Home: t.TempDir()}); !errors.Is(err, client.ErrNoHome) {
			t.Errorf("an empty home: %v", err)
		}
		home := t.TempDir()
		who := client.Init{Name: "Ada", Genesis: tn.genesis}
		if err := client.Create(home, who); err != nil {
			t.Fatal(err)
		}
		if err := client.Create(home, who); !errors.Is(err, client.ErrHomeTaken) {
			t.Errorf("a home that is taken: %v", err)
		}
		elsewhere := *tn.genesis
		elsewhere.Label = "elsewhere"
		empty := t.TempDir()
		if err := os.WriteFile(filepath.Join(empty, "genesis"), elsewhere.Marshal(), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := client.Create(empty, who); !errors.Is(err, client.ErrHomeTaken) {
			t.Errorf("a directory of another network: %v", err)
		}
		if raw, err := os.ReadFile(filepath.Join(empty, "genesis")); err != nil || !bytes.Equal(raw, elsewhere.Marshal()) {
			t.Errorf("its genesis file was touched, %v", err)
		}
		path := filepath.Join(home, "genesis")
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string][]byte{"cut": good[:40], "empty": {}, "foreign": []byte("hello"), "other": elsewhere.Marshal()} {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := client.New(client.Config{Home: home}); !errors.Is(err, client.ErrGenesis) {
				t.Errorf("%s genesis: %v", name, err)
			}
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := client.New(client.Config{Home: home, Passphrase: []byte("x")}); !errors.Is(err, store.ErrPassphrase) {
			t.Errorf("a passphrase where there is none: %v", err)
		}
		c, err := client.New(client.Config{Home: home}) // the control
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
