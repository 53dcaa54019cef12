package main

import (
	"context"
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"murmuration/internal/cli"
	"murmuration/internal/long"
	"murmuration/internal/script"
)

// TestMain makes the test binary the tool: a story that runs `murmur` runs it again under that
// name, and an authority that lies under the name `liar`: no build of the product has that.
func TestMain(m *testing.M) {
	testscript.Main(script.Paced{M: m}, map[string]func(){"murmur": main, "liar": script.Liar,
		"reaches": reaches})
}

// TestStories plays testdata/script: real processes, real sockets, real disks.
func TestStories(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stories send signals and use a Unix shell")
	}
	if testing.Short() {
		t.Skip("-short: the stories run in real time, which a race build is too slow for")
	}
	script.Run(t, filepath.Join("testdata", "script"), murmur)
}

func murmur(ctx context.Context, args []string, out, talk io.Writer) int {
	return cli.Run(ctx, args, cli.Streams{Out: out, Err: talk})
}

// TestLongStories plays testdata/long, which waits for what a network of short slots takes a minute
// for: `just stories`.
func TestLongStories(t *testing.T) {
	if !long.Set("MURMUR_STORIES") {
		t.Skip("takes minutes: just stories (MURMUR_STORIES=1)")
	}
	script.Run(t, filepath.Join("testdata", "long"), murmur)
}
