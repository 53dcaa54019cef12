package script

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// glance is the time between two looks: it grows by a quarter each time, since every look takes the
// time of those it looks for.
type glance time.Duration

func (g *glance) next() <-chan time.Time {
	d := max(time.Duration(*g), lookAgain)
	*g = glance(min(d*5/4, lookLast))
	return time.After(d)
}

// until [-t DUR] [-out REGEXP] PROGRAM [ARG]...: runs it again and again until it succeeds and
// prints something that matches. `! until` waits for a failure.
func until(ts *testscript.TestScript, neg bool, args []string) {
	limit, want := patience, regexp.MustCompile("")
	for len(args) > 2 && strings.HasPrefix(args[0], "-") {
		var err error
		switch args[0] {
		case "-t":
			limit, err = time.ParseDuration(args[1])
		case "-out":
			want, err = regexp.Compile("(?m)" + args[1])
		default:
			err = errors.New("usage: until [-t DUR] [-out REGEXP] PROGRAM [ARG ...]")
		}
		ts.Check(err)
		args = args[2:]
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for again := glance(0); ; {
		l := look(ctx, ts, args)
		if (l.err == nil) != neg && want.Match(l.out.Bytes()) {
			l.show(ts)
			return
		}
		select {
		case <-again.next():
		case <-ctx.Done():
			ts.Fatalf("%s: not within %s; the last time: %v\n%s%s%s", strings.Join(args, " "),
				limit, l.err, &l.out, &l.talk, storyOf(ts).tails())
		}
	}
}

// looked is what one look saw.
type looked struct {
	out, talk bytes.Buffer
	err       error
}

func (l *looked) show(ts *testscript.TestScript) {
	l.out.WriteTo(ts.Stdout())
	l.talk.WriteTo(ts.Stderr())
}

// look runs a command once. A question to a daemon, and a look into a file, are done in this
// process: one of their own would take more time than what it looks for.
func look(ctx context.Context, ts *testscript.TestScript, args []string) (l looked) {
	home := slices.Index(args, "--home") + 1
	switch {
	case args[0] == "cat" && len(args) == 2:
		var text []byte
		text, l.err = os.ReadFile(ts.MkAbs(args[1]))
		l.out.Write(text)
	case args[0] == "murmur" && home > 0:
		words := slices.Clone(args[1:])
		words[home-1] = ts.MkAbs(args[home])
		if code := storyOf(ts).murmur(ctx, words, &l.out, &l.talk); code != 0 {
			l.err = fmt.Errorf("exit code %d", code)
		}
	default:
		c := command(ts, args)
		c.Stdout, c.Stderr = &l.out, &l.talk
		l.err = c.Run()
	}
	return l
}

// exits CODE PROGRAM [ARG]...: runs it once and compares the exit code; `stdout` and `stderr` look
// at what it printed.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG]...")
	}
	var out, talk bytes.Buffer
	c := command(ts, args[1:])
	c.Stdout, c.Stderr = &out, &talk
	watch := time.AfterFunc(patience, func() { c.Process.Kill() })
	err = c.Run()
	watch.Stop()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != want {
		ts.Fatalf("%s: %v, expected exit code %d\n%s%s", strings.Join(args[1:], " "), err, want,
			&out, &talk)
	}
	out.WriteTo(ts.Stdout())
	talk.WriteTo(ts.Stderr())
}

// capture NAME REGEXP: puts the first group of the last standard output into the environment.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	match := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if neg || len(match) != 2 {
		ts.Fatalf("capture: nothing matches %s", args[1])
	}
	ts.Setenv(args[0], match[1])
}
