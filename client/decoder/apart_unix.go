//go:build unix

package decoder

import "syscall"

// directory is where the process is: not in a person's.
const directory = "/"

// apart puts the process into a group of its own: an interrupt from the keyboard ends the daemon,
// which ends it in its own time, and no picture gets the blame.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
