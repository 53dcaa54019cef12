//go:build unix && !linux

package decoder

import "syscall"

// confine takes from the process what it does not need: there may be no further descriptor, so that
// it opens no file and no socket; and it has a minute of processor time.
func confine() error {
	for what, most := range map[int]syscall.Rlimit{
		syscall.RLIMIT_NOFILE: {}, syscall.RLIMIT_FSIZE: {}, syscall.RLIMIT_CORE: {},
		syscall.RLIMIT_CPU: {Cur: 60, Max: 60},
	} {
		if err := syscall.Setrlimit(what, &most); err != nil {
			return err
		}
	}
	return nil
}
