package script

import (
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// genesis IN OUT label TEXT | shift DURATION: the same network under another label, or at another
// time.
func changeGenesis(ts *testscript.TestScript, _ bool, args []string) {
	g := readGenesis(ts, args[0])
	switch args[2] {
	case "label":
		g.Label = args[3]
	case "shift":
		by, err := time.ParseDuration(args[3])
		ts.Check(err)
		g.Start = g.Start.Add(by)
	default:
		ts.Fatalf("genesis: %s?", args[2])
	}
	ts.Check(g.Validate())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), g.Marshal(), 0o600))
}

func readGenesis(ts *testscript.TestScript, path string) *directory.Genesis {
	raw, err := os.ReadFile(ts.MkAbs(path))
	ts.Check(err)
	g, err := directory.ParseGenesis(raw)
	ts.Check(err)
	return g
}

// cut FILE BYTES: leaves the first BYTES of it.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// flip FILE...: turns one bit in the middle of each.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		raw, err := os.ReadFile(ts.MkAbs(name))
		ts.Check(err)
		raw[len(raw)/2] ^= 1
		ts.Check(os.WriteFile(ts.MkAbs(name), raw, 0o600))
	}
}

// damage DIR: flips a bit in every file of it.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*"))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
	flip(ts, false, files)
}

// picture FILE WIDTH HEIGHT: a PNG of noise, which no encoder makes small.
func picture(ts *testscript.TestScript, _ bool, args []string) {
	width, err := strconv.Atoi(args[1])
	ts.Check(err)
	height, err := strconv.Atoi(args[2])
	ts.Check(err)
	p, rng := image.NewRGBA(image.Rect(0, 0, width, height)), rand.New(rand.NewPCG(3, 4))
	for y := range height {
		for x := range width {
			p.SetRGBA(x, y, color.RGBA{uint8(rng.Uint32()), uint8(rng.Uint32()),
				uint8(rng.Uint32()), 255})
		}
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	ts.Check(png.Encode(f, p))
}

// freeport NAME: an address of the story's that nobody listens on, into the environment.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	r, err := link.Reserve(ts.Getenv("HOST") + ":0")
	ts.Check(err)
	ts.Setenv(args[0], r.Addr())
	ts.Check(r.Close())
}

// remember DIR NAME: keeps in NAME what is in every file below DIR; locks and sockets aside.
func remember(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[1], contents(ts, ts.MkAbs(args[0])))
}

// unchanged DIR NAME: nothing below DIR was written, added or removed since. `! unchanged` is its
// control.
func unchanged(ts *testscript.TestScript, neg bool, args []string) {
	if now := contents(ts, ts.MkAbs(args[0])); (now == ts.Getenv(args[1])) == neg {
		ts.Fatalf("%s: changed is %t\nbefore:\n%s\nnow:\n%s", args[0], neg, ts.Getenv(args[1]), now)
	}
}

func contents(ts *testscript.TestScript, dir string) string {
	var list strings.Builder
	ts.Check(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || strings.HasSuffix(path, "lock") {
			return err
		}
		raw, err := os.ReadFile(path)
		fmt.Fprintf(&list, "%x %s\n", sha256.Sum256(raw), path)
		return err
	}))
	return list.String()
}
