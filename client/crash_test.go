package client_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// crashHome tells a child of this test binary where to write.
const crashHome = "MURMUR_TEST_CRASH_HOME"

func TestMain(m *testing.M) {
	if home := os.Getenv(crashTalk); home != "" {
		talkForever(home)
	}
	if order := os.Getenv(crashFiles); order != "" {
		filesForever(order)
	}
	if home := os.Getenv(crashHome); home != "" {
		writeForever(home)
	}
	os.Exit(m.Run())
}

// writeForever posts and prints the id of each post that was queued, until it is killed.
func writeForever(home string) {
	c, err := client.New(client.Config{Home: home, Transport: link.NewFabric().Transport})
	if err == nil {
		_, err = c.Publish()
	}
	for i := 0; err == nil; i++ {
		var r client.Receipt
		if r, err = c.Post(client.Draft{Text: fmt.Sprint("post ", i)}); err == nil {
			fmt.Println(r.Post)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func crashGenesis(t *testing.T) *directory.Genesis {
	par, err := directory.Defaults("xwing")
	if err != nil {
		t.Fatal(err)
	}
	one := []directory.Authority{
		{Name: "p1", ID: directory.NewIdentity([32]byte{1}).ID(), Addr: "p1:1"},
	}
	g, err := directory.NewGenesis("crash", time.Now().Add(-time.Hour), par, one, one)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestKilledClientLosesNothing kills a process that posts, in the middle of it, three times over
// the same home: whatever it said was queued is in the outbox and in the timeline.
func TestKilledClientLosesNothing(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := client.Create(home, client.Init{Name: "Ada", Genesis: crashGenesis(t)}); err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for range 3 {
		for _, id := range killAfter(t, crashHome, home, 12) {
			said[id] = true
		}
	}
	c, err := client.New(client.Config{Home: home})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	posts, err := c.Timeline(1000)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, p := range posts {
		kept[p.ID] = true
	}
	for _, line := range c.Outbox() {
		if !kept[line.Name] || line.Boxes != 1 || line.State != "queued" {
			t.Errorf("the outbox has %+v", line)
		}
	}
	for id := range said {
		if !kept[id] {
			t.Errorf("post %s was queued, and is gone", id)
		}
	}
	const head = 1 // of the feed
	if len(said) < 36 || len(c.Outbox()) != len(posts) || c.Status().Waiting != len(posts)+head {
		t.Errorf(
			"%d said, %d posts, %d lines, %d boxes wait", len(said), len(posts), len(c.Outbox()),
			c.Status().Waiting,
		)
	}
}

// killAfter runs a writer over the home, as a variable names it, and kills it after it has printed
// n lines.
func killAfter(t *testing.T, as, home string, n int) (ids []string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), as+"="+home)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, last, took := bufio.NewScanner(out), time.Now(), time.Duration(0)
	for lines.Scan() {
		now := time.Now()
		took = now.Sub(last)
		last = now
		if ids = append(ids, lines.Text()); len(ids) == n {
			<-time.After(time.Duration(rand.Int64N(int64(took) + 1))) // anywhere in the next one
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd.Wait() // it was killed
	if len(ids) < n {
		t.Fatalf("the writer ended by itself: %s", &complaint)
	}
	return ids
}
