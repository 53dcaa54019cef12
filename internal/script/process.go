package script

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// process is a program that a story started and has not ended.
type process struct {
	*exec.Cmd
	log  string
	done chan struct{} // closed when it is gone
}

// command is what the story's shell would run.
func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	c := exec.Command(path, args[1:]...)
	c.Dir = ts.MkAbs(".")
	c.Env = slices.Clone(storyOf(ts).env)
	for _, name := range []string{"HOME", "TMPDIR", "MURMUR_HOME", "XDG_DATA_HOME"} {
		if value := ts.Getenv(name); value != "" {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	return c
}

// start NAME PROGRAM [ARG]...: runs it in the background; what it says goes to $WORK/NAME.log. It
// is killed when the story ends.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME PROGRAM [ARG]...")
	}
	all, name := storyOf(ts), args[0]
	if all.running[name] != nil {
		ts.Fatalf("%s runs already", name)
	}
	p := &process{Cmd: command(ts, args[1:]), log: filepath.Join(ts.Getenv("WORK"), name+".log"),
		done: make(chan struct{})}
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
	p := storyOf(ts).running[args[0]]
	if p == nil || neg {
		ts.Fatalf("%s does not run", args[0])
	}
	if len(args) == 2 && args[1] == "-9" {
		ts.Check(p.Process.Kill())
		<-p.done
		delete(storyOf(ts).running, args[0])
		return
	}
	interrupt(ts, neg, args)
	finish(ts, neg, []string{"0", args[0]})
}

// interrupt NAME: what Ctrl-C does; `finish` waits for the end.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	p := storyOf(ts).running[args[0]]
	if p == nil {
		ts.Fatalf("%s does not run", args[0])
	}
	ts.Check(p.Process.Signal(os.Interrupt))
}

// finish CODE NAME: waits for it to end by itself, and compares the exit code.
func finish(ts *testscript.TestScript, _ bool, args []string) {
	all, name := storyOf(ts), args[1]
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

// tails is the end of every log, for a story that went wrong.
func (s *story) tails() string {
	var all strings.Builder
	for name, p := range s.running {
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
