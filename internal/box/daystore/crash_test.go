package daystore_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
)

// How the child process of a crash test behaves.
const (
	honest = "honest" // prints an operation when it was acknowledged
	early  = "early"  // prints it before: the control of the kill test
	// prints it when acknowledged by a store that does not fsync: the control of the power cut
	noSync = "nosync"
)

// TestMain is also the child: a provider's store under load, until somebody kills it.
func TestMain(m *testing.M) {
	if dir := os.Getenv("BOX_CHILD"); dir != "" {
		if err := writeUntilKilled(dir, os.Getenv("BOX_MODE")); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func writeUntilKilled(dir, mode string) error {
	opts := daystore.SmallFiles(daystore.Options{Reserve: 1})
	if mode == noSync {
		opts = daystore.NoSync(opts)
	}
	s, err := daystore.Open(dir, opts)
	if err != nil {
		return err
	}
	return boxtest.Load{Early: mode == early}.UntilKilled(s)
}

func child(dir, mode string) []string { return []string{"BOX_CHILD=" + dir, "BOX_MODE=" + mode} }

// missing reopens the store and counts the printed operations that it does not have.
func missing(t *testing.T, dir string, want boxtest.Printed) (count int) {
	t.Helper()
	s, err := daystore.Open(dir, daystore.SmallFiles(daystore.Options{}))
	if err != nil {
		t.Logf("reopening: %v", err)
		return want.Len()
	}
	defer s.Close()
	return want.Missing(t, s)
}

func kill(cmd *exec.Cmd) { cmd.Process.Kill() }

// TestKill: nothing acknowledged is lost or resurrected when the process is killed under load, a
// slot never gets a second body, what was to be listed is listed once or still to be listed, and
// the store goes on from where it was. The control prints too early.
func TestKill(t *testing.T) {
	dir, all := newDir(t), boxtest.NothingPrinted()
	for range 3 {
		all.RunChild(t, child(dir, honest), 150, kill)
		if got := missing(t, dir, all); got != 0 {
			t.Fatalf("%d of %d acknowledged operations are missing", got, all.Len())
		}
	}
	t.Logf("%d operations, %d of them bulletins, 3 kills, none missing", all.Len(), all.Bulletins())
	if all.Bulletins() < 3 {
		t.Errorf("%d bulletins were published", all.Bulletins())
	}
	lost := 0
	for range 5 {
		dir, all := newDir(t), boxtest.NothingPrinted()
		all.RunChild(t, child(dir, early), 50, kill)
		lost += missing(t, dir, all)
	}
	if lost == 0 {
		t.Error("control: operations printed before they were done, and none is missing")
	}
}
