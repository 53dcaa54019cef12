package cli

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// dumpTest makes the test binary a process that is looked at.
const dumpTest = "MURMUR_TEST_UNDUMPED"

func init() {
	if os.Getenv(dumpTest) == "" {
		return
	}
	before := dumpable()
	err := Undumped()
	var cores syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_CORE, &cores)
	fmt.Println(before, dumpable(), cores.Cur, err)
	os.Exit(0)
}

// dumpable is prctl's PR_GET_DUMPABLE.
func dumpable() uintptr {
	is, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, 3, 0, 0)
	return is
}

// TestUndumped: a process can be dumped before it says that it cannot, and not after it.
func TestUndumped(t *testing.T) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), dumpTest+"=1")
	out, err := c.CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != "1 0 0 <nil>" {
		t.Errorf("%q, %v", got, err)
	}
}
