// Defences is the list of this program's defences, and takes them away one after the other: a check
// of a signature, an fsync, a cap, a threshold. Whatever is taken away has to be noticed by a test.
//
//	go run ./internal/defences [-for TIME] [-seed TEXT] [PATTERN]
//
// It changes no file of the tree: `go test -overlay` builds with the changed text in place of the
// file's. It knows nothing of what it takes away; that stands in list/.
package main

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// enough is the smallest part of all defences whose absence has to be noticed.
const enough = 0.95

func main() {
	o := options{}
	flag.DurationVar(&o.time, "for", 0, "stop after `TIME`, with those that were tried by then; "+
		"which are tried is chosen by -seed; each of them has to be noticed")
	flag.StringVar(&o.seed, "seed", "", "`TEXT` that says in which order they are tried")
	flag.IntVar(&o.beside, "beside", runtime.NumCPU(), "`NUMBER` that are tried at once")
	flag.Parse()
	o.pattern = flag.Arg(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "defences:", err)
		os.Exit(1)
	}
}

type options struct {
	time          time.Duration // 0: as long as it takes
	seed, pattern string
	beside        int
}

func run(ctx context.Context, o options) error {
	all, err := read()
	if err != nil {
		return err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if _, err := d.changed(root); err != nil {
			return err
		}
	}
	chosen, err := choose(all, o)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "defences-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t := newTrial(root, dir)
	t.each(ctx, chosen, o)
	fmt.Println(t)
	return t.verdict(o.time > 0)
}

// choose are those that fit the pattern; with a seed in an order of its own. Controls come first.
func choose(all []defence, o options) (chosen []defence, err error) {
	fits, err := regexp.Compile(o.pattern)
	if err != nil {
		return nil, err
	}
	var controls []defence
	for _, d := range all {
		switch {
		case d.control:
			controls = append(controls, d)
		case fits.MatchString(d.name):
			chosen = append(chosen, d)
		}
	}
	if o.seed != "" {
		h := fnv.New64a()
		h.Write([]byte(o.seed))
		mix := rand.New(rand.NewPCG(h.Sum64(), 0))
		mix.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	}
	return append(controls, chosen...), nil
}

func moduleRoot(ctx context.Context) (string, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(mod))), nil
}
