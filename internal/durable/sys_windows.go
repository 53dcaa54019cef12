package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"unsafe"
)

var (
	kernel32            = syscall.NewLazyDLL("kernel32.dll")
	getDiskFreeSpaceExW = kernel32.NewProc("GetDiskFreeSpaceExW")
	lockFileEx          = kernel32.NewProc("LockFileEx")
)

// SyncDir does nothing: NTFS journals names itself and offers no handle to sync them.
func SyncDir(string) error { return nil }

// Free returns the bytes that this user may still write on the volume of path.
func Free(path string) (uint64, error) {
	p, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var free uint64
	ok, _, err := getDiskFreeSpaceExW.Call(uintptr(unsafe.Pointer(p)),
		uintptr(unsafe.Pointer(&free)), 0, 0)
	if ok == 0 {
		return 0, fmt.Errorf("asking for the free space of %s: %w", path, err)
	}
	return free, nil
}

// noSpace says whether a write did not fit on the disk.
func noSpace(err error) bool {
	const handleDiskFull, diskFull = syscall.Errno(39), syscall.Errno(112)
	return errors.Is(err, handleDiskFull) || errors.Is(err, diskFull)
}

// unlockFile leaves it to closing: no other process gets the handle.
func unlockFile(*os.File) {}

// lockFile takes one byte far behind the content, so that others can still read the process id.
func lockFile(f *os.File) (taken bool, err error) {
	const exclusive, failImmediately = 2, 1
	const lockViolation = syscall.Errno(33)
	at := syscall.Overlapped{Offset: 1 << 30}
	ok, _, err := lockFileEx.Call(f.Fd(), exclusive|failImmediately, 0, 1, 0,
		uintptr(unsafe.Pointer(&at)))
	if ok != 0 {
		return false, nil
	}
	if errors.Is(err, lockViolation) {
		return true, nil
	}
	return false, err
}

// inherit leaves it to the system: a file takes its rights from its directory.
func inherit(_ *os.File, _ string, perm fs.FileMode) fs.FileMode { return perm }

// MakeDir is os.MkdirAll.
func MakeDir(path string) error { return os.MkdirAll(path, 0o700) }
