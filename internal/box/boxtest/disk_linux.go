package boxtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// Disk is an ext4 file system in a file.
type Disk struct {
	Mount string

	t      testing.TB
	device string
}

// NewDisk makes and mounts one of 512 MiB; it needs root, losetup and mkfs.ext4.
func NewDisk(t testing.TB) *Disk {
	t.Helper()
	dir := t.TempDir()
	d := &Disk{t: t, Mount: filepath.Join(dir, "mount")}
	if err := os.Mkdir(d.Mount, 0o700); err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(dir, "image")
	run(t, "truncate", "-s", "512M", image)
	run(t, "mkfs.ext4", "-q", "-F", image)
	d.device = strings.TrimSpace(run(t, "losetup", "--find", "--show", image))
	t.Cleanup(func() { run(t, "losetup", "--detach", d.device) })
	run(t, "mount", "-t", "ext4", d.device, d.Mount)
	t.Cleanup(func() { run(t, "umount", d.Mount) })
	return d
}

// Cut is the power cut: from now on nothing reaches the disk, not even the journal.
func (d *Disk) Cut() {
	const shutdown, noLogFlush = 0x8004587D, 2
	f, err := os.Open(d.Mount)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	flags := uint32(noLogFlush)
	if err := ioctl(f, shutdown, &flags); err != 0 {
		d.t.Fatalf("EXT4_IOC_SHUTDOWN: %v", err)
	}
}

// Remount is the next boot, when nobody uses the file system any more.
func (d *Disk) Remount() {
	run(d.t, "umount", d.Mount)
	run(d.t, "mount", "-t", "ext4", d.device, d.Mount)
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func ioctl(f *os.File, request uintptr, value *uint32) syscall.Errno {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request,
		uintptr(unsafe.Pointer(value)))
	return errno
}
