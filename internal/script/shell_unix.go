//go:build unix

package script

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// shell FILE OUT: runs a script that leaves processes behind, as a person's shell would, until its
// last line is done. What it prints goes to the file OUT. Everything that it started ends with the
// story.
func shell(ts *testscript.TestScript, _ bool, args []string) {
	out, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	defer out.Close()
	c := command(ts, []string{"sh", "-e", args[0]})
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ts.Check(c.Start())
	group := -c.Process.Pid
	ts.Defer(func() { endGroup(group) })
	late := time.AfterFunc(3*patience, func() { syscall.Kill(group, syscall.SIGKILL) })
	defer late.Stop()
	if err := c.Wait(); err != nil {
		ts.Fatalf("%s: %v\n%s", args[0], err, tail(ts.MkAbs(args[1])))
	}
}

// endGroup kills a process group and waits, for a bounded time, until nobody is left in it.
func endGroup(group int) {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	late := time.After(patience)
	for !errors.Is(syscall.Kill(group, syscall.SIGKILL), syscall.ESRCH) {
		select {
		case <-again.C:
		case <-late:
			return
		}
	}
}
