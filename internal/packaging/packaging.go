// Command packaging builds what volunteers install: the binary for each kind of Linux machine, an
// OCI image of it, and the sums of all. Whoever runs it on the same revision with the same Go gets
// the same bytes, wherever the tree and Go's caches are.
//
// It must not publish, sign or fetch anything. Debian packages are made from its output by nfpm
// (configs/package/nfpm.yaml; `just release` does both).
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"murmuration/internal/durable"
)

// architectures are those of volunteers' machines, by Go's names, which are also those of Debian
// and of OCI images.
var architectures = []string{"amd64", "arm64"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "use: go run ./internal/packaging DIR (made, must not exist)")
		os.Exit(1)
	}
	if err := release(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(2)
	}
}

// release fills a new directory.
func release(ctx context.Context, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	committed, err := commitTime(ctx)
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, arch := range architectures {
		binary, err := build(ctx, dir, arch)
		if err != nil {
			return err
		}
		archive, err := image(binary, arch, committed)
		if err != nil {
			return err
		}
		for _, file := range []struct {
			name  string
			bytes []byte
		}{{"murmur-linux-" + arch, binary}, {"murmur-linux-" + arch + ".oci.tar", archive}} {
			path := filepath.Join(dir, file.name)
			if err := durable.WriteFile(path, file.bytes, 0o755); err != nil {
				return err
			}
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(file.bytes), file.name)
		}
	}
	fmt.Print(sums.String())
	return durable.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// commitTime is when the revision was committed: the only time in what is built.
func commitTime(ctx context.Context) (time.Time, error) {
	out, err := exec.CommandContext(ctx, "git", "log", "-1", "--format=%cI").Output()
	if err != nil {
		return time.Time{}, fmt.Errorf("asking git for the time of the revision: %w", err)
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(string(out)))
	return t.UTC(), err
}

// build is the binary of one kind of machine. It is static, has no path of this machine in it, and
// says which revision it is (`go version -m` shows it).
func build(ctx context.Context, dir, arch string) ([]byte, error) {
	file := filepath.Join(dir, "murmur-linux-"+arch)
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true",
		"-ldflags=-s -w -buildid=", "-o", file, ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=",
		"GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("building for %s: %w", arch, err)
	}
	return os.ReadFile(file)
}
