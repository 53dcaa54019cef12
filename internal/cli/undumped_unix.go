//go:build unix

package cli

import "syscall"

// limitCores has the system write no core dump of this process. What it starts may raise that
// again.
func limitCores() error {
	var cores syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &cores); err != nil {
		return err
	}
	cores.Cur = 0
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &cores)
}
