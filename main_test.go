package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the tool: a story that runs `murmur` runs it again under that name.
func TestMain(m *testing.M) {
	testscript.Main(wide{m}, map[string]func(){"murmur": main})
}

// wide lets more stories run at a time than there are processors: they wait most of the time.
type wide struct{ *testing.M }

func (w wide) Run() int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", fmt.Sprint(max(9, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err)
		}
	}
	return w.M.Run()
}

// TestStories plays testdata/script: real processes, real sockets, real disks.
func TestStories(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stories send signals and use a Unix shell")
	}
	if testing.Short() {
		t.Skip("-short: the stories run in real time, which a race build is too slow for")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start, "end": end, "finish": finish, "interrupt": interrupt, "readme": readme, "shell": shell, "until": until, "exits": exits, "capture": capture,
			"network": network, "person": settle,
			"genesis": changeGenesis, "cut": cut, "flip": flip, "damage": damage, "picture": picture, "freeport": freePort,
			"remember": remember, "unchanged": unchanged,
			"replay": replayPacket, "load": load, "inorder": inOrder, "helps": helps, "refused": refusedLink,
		},
	})
}

// setup gives every story its own loopback address where the system has more than one, so that no two
// stories come to want one port.
func setup(e *testscript.Env) error {
	host := "127.0.0.1"
	if runtime.GOOS == "linux" {
		host = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	}
	// A Unix socket path ends at 104 bytes, and the homes of stories lie deep.
	run, err := os.MkdirTemp("", "mm")
	if err != nil {
		return err
	}
	e.Defer(func() { os.RemoveAll(run) })
	e.Setenv("HOST", host)
	e.Setenv("XDG_RUNTIME_DIR", run)
	e.Values[crowdKey{}] = &crowd{env: e.Vars, running: map[string]*process{}}
	return nil
}
