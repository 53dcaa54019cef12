package cli

import "syscall"

// setDumpable is prctl's PR_SET_DUMPABLE.
const setDumpable = 4

// Undumped keeps the memory of this process from files and from other processes of the same user:
// there is no core dump of it, and nobody attaches to it. Processes that it starts are as before.
func Undumped() error {
	if err := limitCores(); err != nil {
		return err
	}
	if _, _, no := syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0); no != 0 {
		return no
	}
	return nil
}
