package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Limits of one go test, compilation apart: of a busy machine, and of one that is to hang.
const (
	limit     = "20m"
	hangLimit = "1m"
)

// trial tries defences and counts.
type trial struct {
	root, dir string

	mu    sync.Mutex             // guards all below, and that lines do not mix
	sound map[suite]func() error // that the tests pass while nothing is taken away
	count map[outcome]int
	wrong []error // why the run says nothing
}

type outcome uint8

const (
	notNoticed outcome = iota
	noticed
	broken // it says nothing: the text does not compile, or the tests fail without it, too
)

func newTrial(root, dir string) *trial {
	return &trial{root: root, dir: dir, sound: map[suite]func() error{}, count: map[outcome]int{}}
}

func (t *trial) each(ctx context.Context, all []defence, o options) {
	began := time.Now()
	group := errgroup.Group{}
	group.SetLimit(max(1, o.beside))
	for i, d := range all {
		if ctx.Err() != nil || o.time > 0 && time.Since(began) > o.time {
			break
		}
		group.Go(func() error { t.one(ctx, i, d); return nil }) // ends with its go tests
	}
	group.Wait()
}

func (t *trial) one(ctx context.Context, i int, d defence) {
	began := time.Now()
	what, by, err := t.try(ctx, i, d)
	took := time.Since(began).Round(100 * time.Millisecond)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		t.wrong = append(t.wrong, fmt.Errorf("%q: %w", d.name, err))
		fmt.Printf("BROKEN       %s: %v\n", d.name, err)
	case d.control && what == noticed:
		t.wrong = append(t.wrong, fmt.Errorf("the control %q is noticed by %s", d.name, by))
	case d.control:
		fmt.Printf("control      %s: nothing notices (%s)\n", d.name, took)
	case what == noticed:
		t.count[what]++
		fmt.Printf("noticed      %s: %s (%s)\n", d.name, by, took)
	default:
		t.count[what]++
		fmt.Printf("NOT NOTICED  %s (%s)\n", d.name, took)
	}
}

// try runs the tests of d without d, until one of them notices.
func (t *trial) try(ctx context.Context, i int, d defence) (outcome, string, error) {
	overlay, err := t.overlay(i, d)
	if err != nil {
		return broken, "", err
	}
	for _, s := range d.by {
		if err := t.isSound(ctx, s); err != nil {
			return broken, "", err
		}
		out, err := t.goTest(ctx, s, "-overlay", overlay, "-count=1", "-failfast", "-timeout",
			d.limit())
		switch {
		case err == nil:
			continue
		case !d.hangs && strings.Contains(out, "panic: test timed out"):
			return broken, "", errors.New("its tests had no time: does it hang?")
		case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
			return broken, "", fmt.Errorf("it does not compile:\n%s", out)
		}
		return noticed, s.dir + " " + who(out), nil
	}
	return notNoticed, "", nil
}

func (d defence) limit() string {
	if d.hangs {
		return hangLimit
	}
	return limit
}

// isSound: the tests pass while nothing is taken away, and there are some.
func (t *trial) isSound(ctx context.Context, s suite) error {
	t.mu.Lock()
	look := t.sound[s]
	if look == nil {
		look = sync.OnceValue(func() error { return t.look(ctx, s) })
		t.sound[s] = look
	}
	t.mu.Unlock()
	return look()
}

func (t *trial) look(ctx context.Context, s suite) error {
	out, err := t.goTest(ctx, s, "-timeout", limit)
	if err == nil && strings.Contains(out, "no tests to run") {
		err = errors.New("no tests to run")
	}
	if err != nil {
		return fmt.Errorf("go test -run %q %s, nothing taken away: %w\n%s", s.run, s.dir, err, out)
	}
	return nil
}

func (t *trial) goTest(ctx context.Context, s suite, flags ...string) (string, error) {
	args := append([]string{"test", "-vet=off", "-ldflags=-s -w", "-run", s.run}, flags...)
	c := exec.CommandContext(ctx, "go", append(args, s.dir)...)
	c.Dir = t.root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "RAPID_NOFAILFILE=1") // the tree stays as it is
	out, err := c.CombinedOutput()
	return string(out), err
}

// overlay writes the changed files, and what go's -overlay wants to be told of them.
func (t *trial) overlay(i int, d defence) (string, error) {
	texts, err := d.changed(t.root)
	if err != nil {
		return "", err
	}
	var o struct{ Replace map[string]string }
	o.Replace = map[string]string{}
	for file, text := range texts {
		path := filepath.Join(t.dir, fmt.Sprintf("%d-%d.go", i, len(o.Replace)))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
		o.Replace[filepath.Join(t.root, filepath.FromSlash(file))] = path
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	path := filepath.Join(t.dir, fmt.Sprintf("%d.json", i))
	return path, os.WriteFile(path, raw, 0o600)
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^(panic: .*|fatal error: .*)$`)

// who noticed, by what go test says: the innermost test that failed, or what ended the process.
func who(out string) string {
	all := failed.FindAllStringSubmatch(out, -1)
	names := slices.DeleteFunc(slices.Clone(all), func(m []string) bool { return m[1] == "" })
	switch {
	case len(names) > 0:
		return names[min(1, len(names)-1)][1]
	case len(all) > 0:
		return all[0][2]
	}
	return "which ended"
}

// share is the part of those tried that were noticed.
func (t *trial) share() float64 {
	return float64(t.count[noticed]) / float64(max(1, t.count[noticed]+t.count[notNoticed]))
}

// String is a line of docs/rows.md.
func (t *trial) String() string {
	return fmt.Sprintf("row defences: %d taken away, %d noticed, %d not: %.1f %%",
		t.count[noticed]+t.count[notNoticed], t.count[noticed], t.count[notNoticed], 100*t.share())
}

// verdict is an error if too few were noticed. Of a part, each has to be.
func (t *trial) verdict(part bool) error {
	switch {
	case len(t.wrong) > 0:
		return errors.Join(t.wrong...)
	case t.count[noticed]+t.count[notNoticed] == 0:
		return errors.New("none was tried")
	case t.share() < enough, part && t.count[notNoticed] > 0:
		return fmt.Errorf("too few are noticed: want %.0f %% of all, and each of a part",
			100*enough)
	}
	return nil
}
