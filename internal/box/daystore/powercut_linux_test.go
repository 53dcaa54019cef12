package daystore_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/daystore"
	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// TestPowerCut: a provider's store under load on a file system of its own, whose power is cut
// (EXT4_IOC_SHUTDOWN without flushing the journal), killed, mounted again and compared: boxes,
// bulletins, and what is to be listed. The control
// does not fsync and must lose some. It needs root, losetup and mkfs.ext4, and is asked for by
// MURMUR_POWERCUT=1 (ten cycles) or any other number of cycles:
//
//	MURMUR_POWERCUT=25 go test ./internal/box/daystore -run PowerCut -v -count 1
func TestPowerCut(t *testing.T) {
	cycles := long.Count(t, "MURMUR_POWERCUT", 1, 0)
	if cycles == 0 {
		t.Skip("opt in with MURMUR_POWERCUT=1, as root")
	}
	if cycles == 1 {
		cycles = 10
	}
	acked, lost := cutCycles(t, honest, cycles)
	counted.Say(t, "powercut", "%d cycles, %d operations acknowledged, %d lost", cycles, acked,
		lost)
	if lost != 0 || acked == 0 {
		t.Error("acknowledged operations were lost")
	}
	acked, lost = cutCycles(t, noSync, 3)
	counted.Say(t, "powercut", "control, fsync off: 3 cycles, %d acknowledged, %d lost", acked,
		lost)
	if lost == 0 {
		t.Error("control: nothing was lost without fsync, so this test cannot fail")
	}
}

func cutCycles(t *testing.T, mode string, cycles int) (acked, lost int) {
	disk := boxtest.NewDisk(t)
	dir := filepath.Join(disk.Mount, "boxes")
	if err := daystore.Create(dir); err != nil {
		t.Fatal(err)
	}
	all := boxtest.NothingPrinted()
	for cycle := range cycles {
		all.RunChild(t, child(dir, mode), 200+37*cycle, func(cmd *exec.Cmd) {
			disk.Cut()
			kill(cmd)
		})
		disk.Remount()
		got := missing(t, dir, all)
		lost += got
		if got > 0 { // begin anew, or the next cycle would count them again
			acked += all.Len()
			all = boxtest.NothingPrinted()
			if err := errors.Join(os.RemoveAll(dir), daystore.Create(dir)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return acked + all.Len(), lost
}
