package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Bounds of waiting. A story that is well never gets near patience, and none waits longer than it must.
const (
	patience  = 30 * time.Second
	lookAgain = 100 * time.Millisecond
	lookLast  = 400 * time.Millisecond
)

// glance is the time between two looks: it grows by a quarter each time, since every look is a process
// that takes the time of those it looks for.
type glance time.Duration

func (g *glance) next() <-chan time.Time {
	d := max(time.Duration(*g), lookAgain)
	*g = glance(min(d*5/4, lookLast))
	return time.After(d)
}

// crowd is the processes of one story.
type crowd struct {
	env     []string
	running map[string]*process
	posts   int // by load
}

type crowdKey struct{}

type process struct {
	*exec.Cmd
	log  string
	done chan struct{} // closed when it is gone
}

func crowdOf(ts *testscript.TestScript) *crowd { return ts.Value(crowdKey{}).(*crowd) }

// command is what the story's shell would run.
func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	c := exec.Command(path, args[1:]...)
	c.Dir = ts.MkAbs(".")
	c.Env = slices.Clone(crowdOf(ts).env)
	for _, name := range []string{"TMPDIR", "MURMUR_HOME", "XDG_DATA_HOME"} {
		if value := ts.Getenv(name); value != "" {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	return c
}

// start NAME PROGRAM [ARG]...: runs it in the background; what it says goes to $WORK/NAME.log. It is
// killed when the story ends.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME PROGRAM [ARG]...")
	}
	all, name := crowdOf(ts), args[0]
	if all.running[name] != nil {
		ts.Fatalf("%s runs already", name)
	}
	p := &process{Cmd: command(ts, args[1:]), log: filepath.Join(ts.Getenv("WORK"), name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	ts.Check(err)
	defer log.Close()
	p.Stdout, p.Stderr = log, log
	ts.Check(p.Start())
	all.running[name] = p
	go p.reap()
	ts.Defer(func() {
		p.Process.Kill()
		<-p.done
	})
}

// reap ends with the process.
func (p *process) reap() {
	p.Wait() // what it says is in ProcessState
	close(p.done)
}

// end NAME [-9]: interrupts it as Ctrl-C does, waits, and expects exit code 0; -9 kills it.
func end(ts *testscript.TestScript, neg bool, args []string) {
	p := crowdOf(ts).running[args[0]]
	if p == nil || neg {
		ts.Fatalf("%s does not run", args[0])
	}
	if len(args) == 2 && args[1] == "-9" {
		ts.Check(p.Process.Kill())
		<-p.done
		delete(crowdOf(ts).running, args[0])
		return
	}
	interrupt(ts, neg, args)
	finish(ts, neg, []string{"0", args[0]})
}

// interrupt NAME: what Ctrl-C does; `finish` waits for the end.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	p := crowdOf(ts).running[args[0]]
	if p == nil {
		ts.Fatalf("%s does not run", args[0])
	}
	ts.Check(p.Process.Signal(os.Interrupt))
}

// finish CODE NAME: waits for it to end by itself, and compares the exit code.
func finish(ts *testscript.TestScript, _ bool, args []string) {
	all, name := crowdOf(ts), args[1]
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	p := all.running[name]
	if p == nil {
		ts.Fatalf("%s does not run", name)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		ts.Fatalf("%s has not ended\n%s", name, tail(p.log))
	}
	delete(all.running, name)
	if p.ProcessState.ExitCode() != want {
		ts.Fatalf("%s ended with %v\n%s", name, p.ProcessState, tail(p.log))
	}
}

// until [-t DUR] [-out REGEXP] PROGRAM [ARG]...: runs it again and again until it succeeds and prints
// something that matches. `! until` waits for a failure.
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
			err = errors.New("usage: until [-t DUR] [-out REGEXP] PROGRAM [ARG]...")
		}
		ts.Check(err)
		args = args[2:]
	}
	late := time.After(limit)
	for again := glance(0); ; {
		var out, talk bytes.Buffer
		c := command(ts, args)
		c.Stdout, c.Stderr = &out, &talk
		err := c.Run()
		if (err == nil) != neg && want.Match(out.Bytes()) {
			out.WriteTo(ts.Stdout())
			talk.WriteTo(ts.Stderr())
			return
		}
		select {
		case <-again.next():
		case <-late:
			ts.Fatalf("%s: not within %s; the last time: %v\n%s%s%s", strings.Join(args, " "), limit, err, &out, &talk, crowdOf(ts).tails())
		}
	}
}

// exits CODE PROGRAM [ARG]...: runs it once and compares the exit code; `stdout` and `stderr` look at
// what it printed.
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
		ts.Fatalf("%s: %v, expected exit code %d\n%s%s", strings.Join(args[1:], " "), err, want, &out, &talk)
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

// tails is the end of every log, for a story that went wrong.
func (c *crowd) tails() string {
	var all strings.Builder
	for name, p := range c.running {
		fmt.Fprintf(&all, "--- %s\n%s", name, tail(p.log))
	}
	return all.String()
}

func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "")
}

// network DIR [FLAG]...: makes a small fast network in DIR and starts every node by the line that
// `murmur network new` printed for it, named after its home.
func network(ts *testscript.TestScript, neg bool, args []string) {
	dir := args[0]
	ts.Check(ts.Exec("murmur", append([]string{"network", "new", dir, "--preset", "fast", "--width", "1", "--host", ts.Getenv("HOST")}, args[1:]...)...))
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		words := strings.Fields(line)
		start(ts, neg, append([]string{filepath.Base(words[len(words)-1])}, words...))
	}
}

// person NAME NETWORK: makes a person's home NAME, starts the daemon NAME, and waits for its connection.
func settle(ts *testscript.TestScript, neg bool, args []string) {
	name := args[0]
	ts.Check(ts.Exec("murmur", "init", "--home", name, "--network", args[1]+"/genesis", "--name", name, "--no-passphrase"))
	start(ts, neg, []string{name, "murmur", "daemon", "run", "--home", name})
	until(ts, neg, []string{"-out", "connected to", "murmur", "status", "--home", name})
}

// load NAME COUNT: posts that many numbered posts, one after the other.
func load(ts *testscript.TestScript, _ bool, args []string) {
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	all := crowdOf(ts)
	for range count {
		all.posts++
		ts.Check(ts.Exec("murmur", "post", "--home", args[0], fmt.Sprintf("post %d of %s", all.posts, args[0])))
	}
}

// inorder NAME COUNT: the last standard output has the posts 1 to COUNT of NAME, each once and in order.
func inOrder(ts *testscript.TestScript, _ bool, args []string) {
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	found := regexp.MustCompile(`post (\d+) of `+args[0]).FindAllStringSubmatch(ts.ReadFile("stdout"), -1)
	if len(found) != count {
		ts.Fatalf("%d posts instead of %d", len(found), count)
	}
	for i, match := range found {
		if match[1] != fmt.Sprint(i+1) {
			ts.Fatalf("post %s stands at place %d", match[1], i+1)
		}
	}
}

// helps: every command and subcommand prints help with its usage and flags, on standard output, with
// exit code 0.
func helps(ts *testscript.TestScript, _ bool, words []string) {
	ts.Check(ts.Exec("murmur", append(slices.Clone(words), "--help")...))
	text := ts.ReadFile("stdout")
	for _, want := range []string{"NAME:", "USAGE:", "--help"} {
		if !strings.Contains(text, want) {
			ts.Fatalf("the help of %q has no %s", words, want)
		}
	}
	_, list, found := strings.Cut(text, "COMMANDS:\n")
	if !found {
		return
	}
	list, _, _ = strings.Cut(list, "\n\n")
	for line := range strings.Lines(list) {
		if name := strings.Trim(strings.Fields(line)[0], ","); strings.HasPrefix(line, "   ") && !strings.HasPrefix(line, "    ") {
			helps(ts, false, append(slices.Clone(words), name))
		}
	}
}
