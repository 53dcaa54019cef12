package client_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/client/contact"
	"murmuration/client/message"
	"murmuration/client/parts"
	"murmuration/client/post"
	"murmuration/internal/counted"
	"murmuration/internal/link"
)

// dumpHome tells a child of this test binary which home to open, and dumpWith with which
// passphrase; it prints its whole memory then, as a core dump would hold it.
const (
	dumpHome = "MURMUR_TEST_DUMP_HOME"
	dumpWith = "MURMUR_TEST_DUMP_WITH"
)

// dump opens a home, if it can, reads in it, and prints the memory of this process.
func dump(home string) {
	c, err := client.New(client.Config{Home: home, Passphrase: []byte(os.Getenv(dumpWith)),
		Transport: link.NewFabric().Transport})
	var kept []message.Message
	if err == nil {
		err = c.View(func(_ time.Time, p *parts.Person) error {
			all := p.Contacts.List()
			kept, err = p.Messages.Last(all[0].Relation, 10)
			return err
		})
	}
	fmt.Fprintln(os.Stderr, len(kept), err)
	maps, err := os.ReadFile("/proc/self/maps")
	memory, bad := os.Open("/proc/self/mem")
	if err = errors.Join(err, bad); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out := bufio.NewWriter(os.Stdout)
	page := make([]byte, 1<<16)
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var mode string
		fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode)
		for at := from; at < to && strings.HasPrefix(mode, "rw"); at += int64(len(page)) {
			n, _ := memory.ReadAt(page[:min(int64(len(page)), to-at)], at)
			if len(bytes.Trim(page[:n], "\x00")) > 0 {
				out.Write(page[:n])
			}
		}
	}
	out.Flush()
	runtime.KeepAlive(kept)
	os.Exit(0)
}

func init() {
	if home := os.Getenv(dumpHome); home != "" {
		dump(home)
	}
}

// memoryOf is what a child that opened a home with a passphrase has in memory.
func memoryOf(t *testing.T, home, passphrase string) []byte {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), dumpHome+"="+home, dumpWith+"="+passphrase)
	var talk bytes.Buffer
	c.Stderr = &talk
	out, err := c.Output()
	if err != nil || len(out) < 1<<20 {
		t.Fatalf("%d bytes of memory: %v\n%s", len(out), err, &talk)
	}
	return out
}

// found is which canaries some bytes hold.
func found(b []byte, canaries []string) (all []string) {
	for _, c := range canaries {
		if bytes.Contains(b, []byte(c)) {
			all = append(all, c)
		}
	}
	return all
}

// TestNoCanaryLeavesTheStore: of a home with a passphrase, in which somebody talked, no file and no
// log has a text, a name, a ticket or an id of it, nor does the memory of a process that could not
// open it; that of one which did has them.
func TestNoCanaryLeavesTheStore(t *testing.T) {
	t.Parallel()
	g, home := crashGenesis(t), filepath.Join(t.TempDir(), "home")
	w, ada, ben := acquainted(t, g)
	made, err := ada.Contacts.Invite(w.Now, contact.Making{Days: 3, Alias: "canary-alias"})
	ada.Must(err)
	sent, err := ada.Messages.Send(w.Now, ada.To(ben), message.Draft{Text: "canary-message"})
	ada.Must(err)
	shared, err := ada.Circles.Post(w.Now, "hills", post.Draft{Text: "canary-post"})
	ada.Must(err)
	ada.Must(ada.Circles.New("canary-circle"))
	ada.Must(ada.Contacts.Rename(w.Now, "ben", "canary-ben"))
	w.Wait(10 * time.Minute)
	k, err := ada.Contacts.Find("canary-ben")
	ada.Must(err)
	canaries := []string{
		"canary-alias", "canary-message", "canary-post", "canary-circle", "canary-ben",
		made.URI(), strings.TrimPrefix(made.URI(), "murmur:invite/"), sent.ID.String(), shared.Post,
		hex.EncodeToString(k.Relation[:]), string(k.Relation[:]),
	}
	const passphrase = "open sesame"
	err = client.Create(home, client.Init{Name: "Ada", Genesis: g, Passphrase: []byte(passphrase)})
	ada.Must(err)
	disk := openStoreWith(t, home, passphrase)
	carry(t, ada.Store, disk)
	ada.Must(disk.Close())
	var log bytes.Buffer
	c, err := client.New(client.Config{
		Home: home, Passphrase: []byte(passphrase), Transport: link.NewFabric().Transport,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	ada.Must(err)
	_, err = c.Timeline(10)
	ada.Must(errors.Join(err, c.Close()))
	if all := found(log.Bytes(), canaries); len(all) != 0 {
		t.Errorf("the log has %q", all)
	}
	files := 0
	ada.Must(filepath.WalkDir(home, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		if all := found(append(raw, path...), canaries); len(all) != 0 {
			t.Errorf("%s has %q", path, all)
		}
		return err
	}))
	if all := found(memoryOf(t, home, "not it"), canaries); len(all) != 0 {
		t.Errorf("a process that did not open the home has %q in memory", all)
	}
	counted.Say(t, "canaries", "%d files of a home, its log, the memory of a process that did not "+
		"open it: none of %d canaries", files, len(canaries))
	open := found(memoryOf(t, home, passphrase), canaries) // the control
	if files < 4 || !slices.Contains(open, "canary-message") {
		t.Errorf("the control: %d files, and a process that opened the home has %q", files, open)
	}
}
