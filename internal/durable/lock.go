package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Locked is the error of [Acquire] when another process has the lock.
type Locked struct {
	Path string
	PID  int // of the process that has it; 0 if it could not be read
}

func (e *Locked) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s is held by another process", e.Path)
	}
	return fmt.Sprintf("%s is held by process %d", e.Path, e.PID)
}

// Lock is held by this process until Close, or until the process ends in whatever way.
type Lock struct {
	f *os.File // its open description carries the lock
}

// Acquire takes the lock file at path, creating it if need be, and writes this process's id into
// it. If another process has it, the error is a [*Locked] with that one's id. The file stays after
// Close: removing it would let two processes lock two different files of one name.
func Acquire(path string) (*Lock, error) {
	f, err := openOrMake(path)
	if err != nil {
		return nil, fmt.Errorf("locking: %w", err)
	}
	taken, err := lockFile(f)
	switch {
	case err != nil:
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	case taken:
		return nil, errors.Join(&Locked{Path: path, PID: readPID(f)}, f.Close())
	}
	if err := writePID(f); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	}
	return &Lock{f: f}, nil
}

func readPID(f *os.File) int {
	line, _ := io.ReadAll(io.NewSectionReader(f, 0, 32))
	pid, err := strconv.Atoi(strings.TrimSpace(string(line)))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

// Turn takes the lock of whoever changes the file at path, which lies beside it for as long; Over
// ends it. The errors are those of [Acquire].
func Turn(path string) (*Lock, error) {
	beside := path + ".lock"
	for {
		l, err := Acquire(beside)
		if err != nil {
			return nil, err
		}
		own, err := l.f.Stat()
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		if there, err := os.Stat(beside); err == nil && os.SameFile(own, there) {
			return l, nil
		}
		if err := l.Close(); err != nil { // another's turn ended meanwhile, and took the file
			return nil, err
		}
	}
}

// Over gives back a lock that [Turn] took, and removes its file where the system can remove one
// that is open: whoever opened it before sees that it is another one's, or nobody's.
func (l *Lock) Over() error {
	_ = os.Remove(l.f.Name()) // what stays is taken by the next one
	return l.Close()
}

// Close gives the lock back. A second Close does nothing.
func (l *Lock) Close() error {
	unlockFile(l.f)
	if err := l.f.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
