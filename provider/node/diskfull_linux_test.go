package node_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"murmuration/internal/counted"
	"murmuration/internal/durable"
	"murmuration/internal/link"
	"murmuration/internal/long"
	"murmuration/internal/testnet"
)

// TestDiskFull: a provider whose home is on a small file system of its own is filled by another
// holder until it refuses, then somebody else takes all that is left, then gives it back. It never
// exits, refuses in time and by its own status, serves five seconds after there is space, and what
// it acknowledged is there. It needs root, losetup and mkfs.ext4, and is asked for by
// MURMUR_DISKFULL=1.
func TestDiskFull(t *testing.T) {
	if !long.Set("MURMUR_DISKFULL") {
		t.Skip("opt in with MURMUR_DISKFULL=1, as root")
	}
	h := &besieged{T: t, net: newNetwork(t), keepFree: "128"}
	h.net.Release()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	h.raise()
	home := h.node("provider-1").Dir
	h.shrink(home, "256M")
	h.spawn()
	defer func() { h.kill() }()
	done := make(chan error, 1)
	go func() {
		done <- h.net.Run(ctx, testnet.Options{Skip: []string{"provider-1", "provider-3"}},
			func(map[string]testnet.Runner) {})
	}()
	h.describe(ctx)
	conn := h.dial(ctx, link.Replica)
	defer func() { conn.Close() }()
	said := newLedger()
	hearing, stop := context.WithCancel(ctx)
	defer stop()
	heard := make(chan error, 1)
	go func() { heard <- h.hear(hearing, h.document) }() // ends with hearing

	h.fill(home, "ballast", 136<<20)
	refused := h.offer(conn, 0, said, func(full int) bool { return full > 100 })
	free := h.free(home)
	counted.Say(t, "diskfull", "%d boxes were taken, then %d refused, with %d MiB free",
		len(said.acked), refused, free>>20)
	if len(said.acked) < 100 || refused < 100 || free < 100<<20 {
		t.Fatal("it was not refused in time")
	}
	h.fill(home, "filler", 0)
	t.Logf("somebody took the rest: %d bytes free", h.free(home))
	before := len(said.acked)
	if h.offer(conn, 1<<21, said,
		func(full int) bool { return full > 1000 }); len(said.acked) != before {
		t.Errorf("%d boxes were taken by a full disk", len(said.acked)-before)
	}
	if err := errors.Join(os.Remove(filepath.Join(home, "filler")),
		os.Remove(filepath.Join(home, "ballast"))); err != nil {
		t.Fatal(err)
	}
	t.Logf("space is back: %d MiB free", h.free(home)>>20)
	since := time.Now()
	h.offer(conn, 1<<23, said,
		func(int) bool { return len(said.acked) > before || time.Since(since) > 20*time.Second })
	if took := time.Since(since); len(said.acked) == before || took > 5*time.Second {
		t.Errorf("serving again after %s, %d boxes", took, len(said.acked)-before)
	} else {
		counted.Say(t, "diskfull", "serving again after %s, 0 exits, 0 acknowledged lost", took)
	}
	stop()
	if err := <-heard; err != nil {
		t.Error(err)
	}
	h.kill()
	h.check(said)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// shrink moves a directory to a file system of that size.
func (h *besieged) shrink(dir, size string) {
	image, mount := filepath.Join(h.TempDir(), "image"), dir
	old := dir + ".old"
	if err := os.Rename(dir, old); err != nil {
		h.Fatal(err)
	}
	if err := os.Mkdir(mount, 0o700); err != nil {
		h.Fatal(err)
	}
	h.run("truncate", "-s", size, image)
	h.run("mkfs.ext4", "-q", "-F", "-m", "0", image)
	device := strings.TrimSpace(h.run("losetup", "--find", "--show", image))
	h.Cleanup(func() { h.run("losetup", "--detach", device) })
	h.run("mount", "-t", "ext4", device, mount)
	h.Cleanup(func() { h.run("umount", mount) })
	h.run("cp", "-a", old+"/.", mount)
}

func (h *besieged) run(name string, args ...string) string {
	h.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		h.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (h *besieged) free(dir string) uint64 {
	n, err := durable.Free(dir)
	if err != nil {
		h.Fatal(err)
	}
	return n
}

// fill writes a file until no more than that much is free.
func (h *besieged) fill(dir, name string, leave uint64) {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		h.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0 && h.free(dir) > leave; {
		if _, err = f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			h.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		h.Fatal(err)
	}
}
