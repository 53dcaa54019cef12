package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/api"
	"murmuration/internal/counted"
	"murmuration/internal/directory"
)

// spied is everything outside of a home's seal in which words of a person may be left: the names of
// files, sockets and directories below some directories, what is in the files, the sockets of the
// system that lie there, and the arguments and the environment of this process and its children.
// What is written there is "WHERE: WHAT".
func spied(t *testing.T, roots ...string) (all []string) {
	t.Helper()
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return nil // it went meanwhile
			}
			all = append(all, "a name: "+path)
			if e.Type().IsRegular() {
				raw, _ := os.ReadFile(path)
				all = append(all, path+": "+string(raw))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sockets, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sockets)) {
		if slices.ContainsFunc(roots, func(r string) bool { return strings.Contains(line, r) }) {
			all = append(all, "a socket: "+line)
		}
	}
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	processes := []string{"self"}
	for _, task := range tasks {
		children, _ := os.ReadFile(task)
		processes = append(processes, strings.Fields(string(children))...)
	}
	for _, p := range processes {
		for _, what := range []string{"cmdline", "environ"} {
			raw, _ := os.ReadFile(filepath.Join("/proc", p, what))
			all = append(all, what+" of a process: "+string(raw))
		}
	}
	return all
}

// canariesIn are the places that hold one, without what else they hold.
func canariesIn(all, canaries []string) (places []string) {
	for _, one := range all {
		for _, c := range canaries {
			if where, _, _ := strings.Cut(one, ": "); strings.Contains(one, c) {
				places = append(places, fmt.Sprintf("%s in %q", c, where))
			}
		}
	}
	return places
}

// kept is what a person leaves on a computer beside the home, while the daemon runs.
type kept struct {
	t        *testing.T
	dir      string
	canaries []string
}

// try runs a command with something to read, and looks around afterwards.
func (k *kept) try(in string, args ...string) (out string) {
	k.t.Helper()
	var said, talk bytes.Buffer
	code := Run(k.t.Context(), args, Streams{In: strings.NewReader(in), Out: &said, Err: &talk})
	if code != 0 {
		k.t.Fatalf("murmur %q: code %d, %s", args, code, &talk)
	}
	k.look("after " + args[0])
	return strings.TrimSpace(said.String())
}

// look finds canaries.
func (k *kept) look(when string) {
	k.t.Helper()
	all := spied(k.t, k.dir)
	if places := canariesIn(all, k.canaries); len(places) != 0 {
		k.t.Errorf("%s: %s", when, places)
	}
	if len(all) < 8 {
		k.t.Errorf("%s: %d places were looked at", when, len(all))
	}
}

// newKept has directories for temporary files and sockets, a genesis file, and an editor that keeps
// what it sees.
func newKept(t *testing.T) *kept {
	k := &kept{t: t, dir: t.TempDir()}
	for _, name := range []string{"tmp", "run", "cwd"} {
		if err := os.Mkdir(filepath.Join(k.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("TMPDIR", filepath.Join(k.dir, "tmp"))
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(k.dir, "run"))
	t.Setenv("MURMUR_HOME", filepath.Join(k.dir, "home"))
	t.Chdir(filepath.Join(k.dir, "cwd"))
	return k
}

// write is a file that is none of the program's.
func (k *kept) write(name string, raw []byte) (path string) {
	k.t.Helper()
	path = filepath.Join(k.t.TempDir(), name)
	if err := os.WriteFile(path, raw, 0o700); err != nil {
		k.t.Fatal(err)
	}
	return path
}

func genesisOfNobody(t *testing.T) []byte {
	t.Helper()
	p, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	one := []directory.Authority{
		{Name: "p1", ID: directory.NewIdentity([32]byte{1}).ID(), Addr: "127.0.0.1:9"},
	}
	g, err := directory.NewGenesis("test", time.Now().Add(-time.Hour), p, one, one)
	if err != nil {
		t.Fatal(err)
	}
	return g.Marshal()
}

// TestNoCanaryBesideTheHome: what a person says, names and makes with every command that writes
// goes nowhere but into the sealed store, and to standard output: no name of a file or a socket has
// it, no temporary file of editor, picture, backup or export, no log, and no argument or variable
// of a process. A planted one is found in each of these places.
func TestNoCanaryBesideTheHome(t *testing.T) {
	k := newKept(t)
	k.canaries = []string{
		"canary-name", "canary-phrase", "canary-post", "canary-draft", "canary-circle",
		"canary-alt", "canary-person", "canary-warning", "canary-backup",
	}
	around := filepath.Join(t.TempDir(), "around")
	editor := k.write("editor", []byte(`#!/bin/sh
find "$TMPDIR" "$XDG_RUNTIME_DIR" > `+around+`
tr '\0' ' ' < /proc/$$/cmdline >> `+around+`
env >> `+around+`
ls -ld "$(dirname "$1")" >> `+around+`
echo canary-draft > "$1"
echo canary-draft > "$1~"
`))
	t.Setenv("VISUAL", editor)
	phrase := k.write("phrase", []byte("canary-phrase"))
	age := k.write("age", []byte("canary-backup"))
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 300, 300))); err != nil {
		t.Fatal(err)
	}
	cat := k.write("cat.png", picture.Bytes())
	k.try("", "init", "--network", k.write("genesis", genesisOfNobody(t)), "--name", "canary-name",
		"--passphrase-file", phrase)

	log, done := &bytes.Buffer{}, make(chan int, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { // ends with stop
		done <- Run(ctx, []string{"daemon", "run", "--passphrase-file", phrase, "--verbose"},
			Streams{Out: log, Err: log})
	}()
	d := api.Dial(filepath.Join(k.dir, "home", "api.sock"))
	for _, err := d.Ping(ctx); err != nil; _, err = d.Ping(ctx) {
		if len(done) > 0 {
			t.Fatalf("the daemon ended: %s", log)
		}
	}
	d.Close()
	k.try("", "circle", "new", "canary-circle")
	k.try("canary-post", "post", "--photo", cat, "--alt", "canary-alt", "--warning",
		"canary-warning", "--circle", "canary-circle", "-")
	link := k.try("", "feed", "publish")
	k.try("", "post", "--edit")
	ticket := k.try("", "invite", "new", "--for", "canary-person")
	_, secret, _ := strings.Cut(ticket, "/")
	k.canaries = append(k.canaries, ticket, secret, link)
	backup := filepath.Join(k.dir, "backup.age")
	k.try("", "backup", "make", backup, "--passphrase-file", age)
	out := filepath.Join(t.TempDir(), "export") // unsealed, as it is asked for
	k.try("", "export", out)
	files, err := filepath.Glob(filepath.Join(out, "*.jpg"))
	if timeline := k.try("", "timeline"); !strings.Contains(timeline, "canary-draft") ||
		err != nil || len(files) != 1 {
		t.Errorf("the control: the timeline is %q, the photos %q", timeline, files)
	}
	counted.Say(t, "canaries", "beside a home, over its life: none of %d canaries",
		len(k.canaries))
	stop()
	if code := <-done; code != 0 {
		t.Errorf("the daemon ended with %d", code)
	}
	k.look("at the end")
	if places := canariesIn([]string{"the log: " + log.String()}, k.canaries); len(places) != 0 {
		t.Errorf("%s", places)
	}
	k.editorSaw(around)
	k.plant(out)
}

// editorSaw checks what there was around an editor while a text was written in it.
func (k *kept) editorSaw(around string) {
	k.t.Helper()
	raw, err := os.ReadFile(around)
	if err != nil {
		k.t.Fatal(err)
	}
	if places := canariesIn([]string{"around an editor: " + string(raw)}, k.canaries); len(
		places) != 0 || !strings.Contains(string(raw), "text.txt") {
		k.t.Errorf("%s; it saw %s", places, raw)
	}
	if !strings.Contains(string(raw), "\ndrwx------") {
		k.t.Errorf("others can see where an editor writes: %s", raw)
	}
}

// plant is the control: a canary is found wherever one is put.
func (k *kept) plant(export string) {
	k.t.Helper()
	for where, plant := range map[string]func() (remove func()){
		"a name":          func() func() { return k.planted("tmp/canary-post", "") },
		"tmp/text":        func() func() { return k.planted("tmp/text", "my canary-draft") },
		"run/murmur/left": func() func() { return k.planted("left", "canary-alt") },
		"a socket": func() func() {
			l, err := net.Listen("unix", filepath.Join(k.dir, "canary-name"))
			if err != nil {
				k.t.Fatal(err)
			}
			return func() { l.Close() }
		},
		"cmdline of a process": func() func() { return k.process("canary-circle", "") },
		"environ of a process": func() func() { return k.process("x", "A=canary-phrase") },
	} {
		remove := plant()
		places := canariesIn(spied(k.t, k.dir), k.canaries)
		if len(places) == 0 {
			k.t.Errorf("the control: nobody finds a canary in %s", where)
		}
		remove()
	}
	if len(canariesIn(spied(k.t, export), k.canaries)) == 0 {
		k.t.Error("the control: an export has nothing")
	}
	k.look("when all is removed")
}

func (k *kept) planted(name, text string) (remove func()) {
	path := filepath.Join(k.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
	return func() { os.Remove(path) }
}

// process is one that waits, with an argument and a variable.
func (k *kept) process(argument, variable string) (end func()) {
	c := exec.Command("/bin/sh", "-c", "echo; read x", argument)
	c.Env = []string{variable}
	in, err := c.StdinPipe()
	out, failed := c.StdoutPipe()
	if err = errors.Join(err, failed); err == nil {
		err = c.Start()
	}
	if err == nil { // a process that has just begun has no arguments yet
		_, err = out.Read(make([]byte, 1))
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return func() {
		in.Close()
		c.Wait() // it ends by its input
	}
}
