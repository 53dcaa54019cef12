package node_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"murmuration/internal/box/boxtest"
	"murmuration/internal/long"
	"murmuration/internal/node"
)

// TestReplaysOverPowerCuts: nothing that came through a mix before the power was cut, in the middle
// of the traffic, comes through again after it. The control has the replay tags of before the
// traffic. It needs root, losetup and mkfs.ext4, and is asked for by MURMUR_POWERCUT, the number of
// cuts.
func TestReplaysOverPowerCuts(t *testing.T) {
	cuts := long.Count(t, "MURMUR_POWERCUT", 1, 0)
	if cuts == 0 {
		t.Skip("opt in with MURMUR_POWERCUT=1, as root")
	}
	disk := boxtest.NewDisk(t)
	s := newStage(t, t.TempDir(), slow())
	s.move("mix-1", filepath.Join(disk.Mount, "mix-1"))
	r := s.replayer()
	defer r.over()
	tags := s.homes["mix-1"].Path("keys/0.tags")
	before, err := os.ReadFile(tags)
	if err != nil {
		t.Fatal(err)
	}
	cut := func() {
		disk.Cut()
		r.child.end(syscall.SIGKILL)
		disk.Remount()
	}
	for range cuts {
		r.again("power cut", false, cut)
	}
	r.again("control of the power cut", true, func() {
		cut()
		if err := os.WriteFile(tags, before, 0o600); err != nil {
			t.Error(err)
		}
	})
}

// move puts the home of a node elsewhere.
func (s *stage) move(name, to string) {
	s.Helper()
	if err := os.CopyFS(to, os.DirFS(s.named(name).Dir)); err != nil {
		s.Fatal(err)
	}
	for _, file := range []string{"identity.key", "genesis"} { // a copy may be read by others
		if err := os.Chmod(filepath.Join(to, file), 0o600); err != nil {
			s.Fatal(err)
		}
	}
	syscall.Sync() // what was written before the test outlives its power cuts
	s.named(name).Dir = to
	home, err := node.OpenHome(to)
	if err != nil {
		s.Fatal(err)
	}
	s.homes[name] = home
}
