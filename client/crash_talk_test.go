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
	"time"

	"murmuration/client"
	"murmuration/client/backup"
	"murmuration/client/contact"
	"murmuration/client/message"
	"murmuration/client/parts"
	"murmuration/client/parts/partstest"
	"murmuration/client/person/persontest"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/long"
)

// crashTalk tells a child of this test binary in which home to talk.
const crashTalk = "MURMUR_TEST_CRASH_TALK"

// talkForever writes messages and posts to a circle, and invites people, until it is killed. It
// prints each when it was acknowledged: "message TEXT", "post TEXT" or "invite ID".
func talkForever(home string) {
	c, err := client.New(client.Config{Home: home, Transport: link.NewFabric().Transport})
	round := strconv.Itoa(os.Getpid())
	for i := 0; err == nil; i++ {
		text := fmt.Sprintf("%06d of %s", i, round)
		said := ""
		err = c.Do(func(now time.Time, p *parts.Person) error {
			ben, err := p.Contacts.Find("ben")
			if err != nil {
				return err
			}
			switch i % 5 {
			case 0:
				made, err := p.Contacts.Invite(now, contact.Making{Days: 2})
				if errors.Is(err, contact.ErrMany) {
					return nil // 64 are open, after some hundred kills
				}
				said = "invite " + made.ID
				return err
			case 1, 2:
				_, err := p.Circles.Post(now, "hills", post.Draft{Text: text, Quick: true})
				said = "post " + text
				return err
			}
			_, err = p.Messages.Send(now, ben.Relation, message.Draft{Text: text})
			said = "message " + text
			return err
		})
		if err == nil && said != "" {
			fmt.Println(said)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// carry copies what parts of a person keep; what the driver keeps stays where it is.
func carry(t *testing.T, from, to *store.Store) {
	t.Helper()
	driver := []string{".", "store", "connection", "board", "crowd", "purse"}
	err := from.View(func(from *store.Tx) error {
		return to.Update(func(to *store.Tx) (err error) {
			for bucket, b := range backup.Buckets {
				if slices.Contains(driver, b.Owner) {
					continue
				}
				err = errors.Join(err, from.Walk(bucket, func(name string, v []byte) error {
					return to.Copy(bucket, name, v)
				}))
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// openStore is the store of a home that nobody runs.
func openStore(t *testing.T, home string) *store.Store { return openStoreWith(t, home, "") }

func openStoreWith(t *testing.T, home, passphrase string) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(home, "store"), []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// acquainted are Ada and Ben, who know each other, with Ben in a circle of Ada's.
func acquainted(t *testing.T, g *directory.Genesis) (w *partstest.World, ada, ben *partstest.Home) {
	n := parts.In(g).Network
	w = &partstest.World{
		Holders: persontest.NewHolders(n.Calendar), T: t, Now: time.Now().Add(-50 * time.Minute),
		Network: n,
	}
	ada, ben = w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	ada.Must(ada.Circles.New("hills"))
	ada.Must(ada.Circles.Add(w.Now, "hills", ada.To(ben)))
	w.Wait(10 * time.Minute)
	return w, ada, ben
}

// TestKilledTalkerLosesNothing kills a process that talks, in the middle of it, several times over
// the same home: whatever it acknowledged is read by whom it was for, once and in order, and every
// invitation is there.
func TestKilledTalkerLosesNothing(t *testing.T) {
	t.Parallel()
	g, home := crashGenesis(t), t.TempDir()
	w, ada, ben := acquainted(t, g)
	if err := client.Create(home, client.Init{Name: "Ada", Genesis: g}); err != nil {
		t.Fatal(err)
	}
	disk := openStore(t, home)
	carry(t, ada.Store, disk)
	if err := disk.Close(); err != nil {
		t.Fatal(err)
	}
	kills := long.Count(t, "MURMUR_KILLS", 1, 3)
	var said []string
	for range kills {
		said = append(said, killAfter(t, crashTalk, home, 8)...)
	}
	disk = openStore(t, home)
	defer disk.Close()
	ada.Off = true
	ada.Store = store.Memory()
	carry(t, disk, ada.Store)
	ada.Off = false
	w.Now = time.Now()
	ada.Start()
	for _, line := range said {
		if id, is := strings.CutPrefix(line, "invite "); is {
			if _, err := ada.Contacts.Invitation(w.Now, id); err != nil {
				t.Errorf("%s was acknowledged: %v", line, err)
			}
		}
	}
	w.Wait(4 * time.Hour)
	read := map[string][]string{}
	messages, err := ben.Messages.Last(ben.To(ada), 10000)
	ben.Must(err)
	for _, m := range messages {
		read["message "] = append(read["message "], m.Text)
	}
	posts, err := ben.Timeline(w.Now, 10000)
	ben.Must(err)
	for _, p := range slices.Backward(posts) {
		read["post "] = append(read["post "], p.Text)
	}
	for kind, texts := range read {
		var last string
		for _, text := range texts {
			said = slices.DeleteFunc(said, func(s string) bool { return s == kind+text })
			_, round, _ := strings.Cut(text, " ")
			if strings.HasSuffix(last, round) && text <= last {
				t.Errorf("%s%s stands behind %s", kind, text, last)
			}
			last = text
		}
		if slices.Sort(texts); len(slices.Compact(slices.Clone(texts))) != len(texts) {
			t.Errorf("a %sis read twice: %q", kind, texts)
		}
	}
	said = slices.DeleteFunc(said, func(s string) bool { return strings.HasPrefix(s, "invite ") })
	if len(said) != 0 || len(read["post "]) < 2*kills || len(read["message "]) < 2*kills {
		t.Errorf("acknowledged and not read: %q; read: %q", said, read)
	}
}
