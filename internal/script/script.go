// Package script is the stage on which the stories of testdata/script play: real processes, real
// sockets, real disks. It adds to testscript the commands that start and end nodes and people, wait
// for what they do, and damage what they have; and it has a liar, an authority that keeps no rules.
//
// It must not know what a story is about, and nothing but the tests of the root uses it. A story is
// never fast or slow: it waits for events, each up to a patience that only a broken one comes near.
package script

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"murmuration/configs"
)

// Bounds of waiting. A story that is well never gets near patience, and none waits longer than it
// must.
const (
	patience  = 2 * time.Minute
	lookAgain = 50 * time.Millisecond
	lookLast  = 400 * time.Millisecond
)

// calmEpoch is the length of an epoch where a story needs no change of epochs: longer than any
// story, so that no machine is so slow that one comes in between.
const calmEpoch = 10 * time.Minute

// Murmur runs one command line in this process and returns its exit code.
type Murmur func(ctx context.Context, args []string, out, talk io.Writer) int

// Paced is M with four stories at a time for each processor, unless -parallel says otherwise: a
// story is several processes by itself, which wait for most of the time.
type Paced struct{ *testing.M }

// Run sets the pace, which nobody asks for any more once tests run, and runs them.
func (m Paced) Run() int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", fmt.Sprint(4*runtime.GOMAXPROCS(0))); err != nil {
			panic(err) // the testing package has that flag
		}
	}
	return m.M.Run()
}

// Run plays every story in dir.
func Run(t *testing.T, dir string, murmur Murmur) {
	// Daemon and commands find each other below this directory, in all processes: a Unix socket's
	// path ends at 104 bytes, and the homes of stories lie deep.
	run, err := os.MkdirTemp("", "mm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	t.Setenv("XDG_RUNTIME_DIR", run)
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               func(e *testscript.Env) error { return setup(e, run, murmur) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start, "end": end, "finish": finish, "interrupt": interrupt,
			"until": until, "exits": exits, "capture": capture, "readme": readme, "shell": shell,
			"network": network, "person": person, "load": load, "inorder": inOrder,
			"genesis": changeGenesis, "cut": cut, "flip": flip, "damage": damage,
			"picture":  picture,
			"freeport": freePort, "remember": remember, "unchanged": unchanged,
			"replay": replayPacket, "refused": refusedLink,
			"lan": lan, "host": host, "trunk": trunk, "names": names, "at": at,
		},
	})
}

// story is what the commands of one story share.
type story struct {
	env     []string
	murmur  Murmur
	running map[string]*process
	posts   int             // by load
	spaces  map[string]bool // by lan and host: a namespace is there
}

type storyKey struct{}

func storyOf(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

// setup gives every story its own loopback address where the system has more than one, so that no
// two stories come to want one port.
func setup(e *testscript.Env, run string, murmur Murmur) error {
	host := "127.0.0.1"
	if runtime.GOOS == "linux" {
		host = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	}
	calm := filepath.Join(e.WorkDir, ".tmp", "calm.toml")
	if err := writeCalm(calm); err != nil {
		return err
	}
	e.Setenv("HOST", host)
	e.Setenv("CALM", calm)
	e.Setenv("XDG_RUNTIME_DIR", run)
	e.Values[storyKey{}] = &story{env: e.Vars, murmur: murmur, running: map[string]*process{},
		spaces: map[string]bool{}}
	return nil
}

// writeCalm writes the fast preset with epochs that wait for the story, not the story for them, and
// with a short window for what a reader missed.
func writeCalm(path string) error {
	calm, err := configs.Network.ReadFile("network/fast.toml")
	if err != nil {
		return err
	}
	for _, change := range []struct{ from, to string }{
		{`epoch_length = "4s"`, fmt.Sprintf("epoch_length = %q", calmEpoch)},
		{`catch_up = "10s"`, `catch_up = "3s"`},
	} {
		if !bytes.Contains(calm, []byte(change.from)) {
			return fmt.Errorf("the preset fast has no line %s", change.from)
		}
		calm = bytes.Replace(calm, []byte(change.from), []byte(change.to), 1)
	}
	return os.WriteFile(path, calm, 0o600)
}
