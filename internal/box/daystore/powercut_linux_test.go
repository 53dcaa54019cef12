package daystore_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"murmuration/internal/box/daystore"
)

// TestPowerCut: a provider's store under load on a file system of its own, whose power is cut
// (EXT4_IOC_SHUTDOWN without flushing the journal), killed, mounted again and compared: boxes,
// bulletins, and what is to be listed. The control
// does not fsync and must lose some. It needs root, losetup and mkfs.ext4, and is asked for by
// MURMUR_POWERCUT=1 (ten cycles) or any other number of cycles:
//
//	MURMUR_POWERCUT=25 go test ./internal/box/daystore -run PowerCut -v -count 1
func TestPowerCut(t *testing.T) {
	cycles, err := strconv.Atoi(os.Getenv("MURMUR_POWERCUT"))
	if err != nil {
		t.Skip("opt in with MURMUR_POWERCUT=1, as root")
	}
	if cycles == 1 {
		cycles = 10
	}
	acked, lost := cutCycles(t, honest, cycles)
	t.Logf("fsync on: %d cycles, %d operations acknowledged, %d lost", cycles, acked, lost)
	if lost != 0 || acked == 0 {
		t.Error("acknowledged operations were lost")
	}
	acked, lost = cutCycles(t, noSync, 3)
	t.Logf("control, fsync off: 3 cycles, %d operations acknowledged, %d lost", acked, lost)
	if lost == 0 {
		t.Error("control: nothing was lost without fsync, so this test cannot fail")
	}
}

func cutCycles(t *testing.T, mode string, cycles int) (acked, lost int) {
	disk := newDisk(t)
	dir := filepath.Join(disk.mount, "boxes")
	if err := daystore.Create(dir); err != nil {
		t.Fatal(err)
	}
	all := nothingPrinted()
	for cycle := range cycles {
		all.runChild(t, dir, mode, 200+37*cycle, disk.cut)
		disk.remount()
		got := missing(t, dir, all)
		lost += got
		if got > 0 { // begin anew, or the next cycle would count them again
			acked += all.len()
			all = nothingPrinted()
			run(t, "rm", "-rf", dir)
			if err := daystore.Create(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	return acked + all.len(), lost
}

// disk is an ext4 file system in a file.
type disk struct {
	t             *testing.T
	device, mount string
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	dir := t.TempDir()
	d := &disk{t: t, mount: filepath.Join(dir, "mount")}
	if err := os.Mkdir(d.mount, 0o700); err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(dir, "image")
	run(t, "truncate", "-s", "512M", image)
	run(t, "mkfs.ext4", "-q", "-F", image)
	d.device = strings.TrimSpace(run(t, "losetup", "--find", "--show", image))
	t.Cleanup(func() { run(t, "losetup", "--detach", d.device) })
	run(t, "mount", "-t", "ext4", d.device, d.mount)
	t.Cleanup(func() { run(t, "umount", d.mount) })
	return d
}

// cut is the power cut: from now on nothing reaches the disk, not even the journal.
func (d *disk) cut(cmd *exec.Cmd) {
	const shutdown, noLogFlush = 0x8004587D, 2
	f, err := os.Open(d.mount)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	flags := uint32(noLogFlush)
	if err := ioctl(f, shutdown, &flags); err != 0 {
		d.t.Fatalf("EXT4_IOC_SHUTDOWN: %v", err)
	}
	kill(cmd)
}

func (d *disk) remount() {
	run(d.t, "umount", d.mount)
	run(d.t, "mount", "-t", "ext4", d.device, d.mount)
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
