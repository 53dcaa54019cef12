//go:build unix

package node

import "syscall"

// openFiles is how many files this process may have open; 0 if nobody knows. Go has raised the soft
// limit to the hard one at the start.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur)
}
