package cause

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"murmuration/client/fault"
)

// met are errors as systems really make them, by what somebody has done.
func met(t *testing.T) map[string]error {
	dir := t.TempDir()
	_, missing := os.ReadFile(filepath.Join(dir, "none"))
	exists := os.Mkdir(dir, 0o700)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, twice := net.Listen("tcp", l.Addr().String())
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	_, refused := net.Dial("tcp", free.Addr().String())
	_, closed := free.Accept()
	soon, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	_, slow := new(net.Dialer).DialContext(soon, "tcp", l.Addr().String())
	return map[string]error{
		"a file that is none":       missing,
		"a directory that is there": exists,
		"a port in use":             twice,
		"a provider that is down":   refused,
		"a listener that is closed": closed,
		"a dial that took too long": slow,
		"a full disk":               &fs.PathError{Op: "write", Path: dir, Err: syscall.ENOSPC},
		"a file of others":          &fs.PathError{Op: "open", Path: dir, Err: syscall.EACCES},
		"a disk for reading":        &fs.PathError{Op: "open", Path: dir, Err: syscall.EROFS},
		"a network that is down": &net.OpError{Op: "dial", Err: os.NewSyscallError("connect",
			syscall.ENETUNREACH)},
		"a provider restarted": &net.OpError{Op: "read", Err: os.NewSyscallError("read",
			syscall.ECONNRESET)},
		"a reader that is gone": &net.OpError{Op: "write", Err: os.NewSyscallError("write",
			syscall.EPIPE)},
		"a name that is none": &net.OpError{Op: "dial",
			Err: &net.DNSError{Err: "no such host", Name: "x"}},
		"an end":                  io.EOF,
		"an end in the middle":    io.ErrUnexpectedEOF,
		"a program that was told": context.Canceled,
		"a time that is over":     context.DeadlineExceeded,
		"too many files":          syscall.EMFILE,
	}
}

// TestWhatIsNobodysMistakeIsNotReported: what a person can meet without a mistake in the program
// has a code and something to do, however deep it lies; and what was declared stands above it.
func TestWhatIsNobodysMistakeIsNotReported(t *testing.T) {
	declared := fault.New(fault.Trust, "declared", "do this")
	for what, err := range met(t) {
		if err == nil {
			t.Errorf("%s is none", what)
			continue
		}
		for _, e := range []error{
			err, fmt.Errorf("doing it: %w", err), errors.Join(errors.New("other"), err),
		} {
			f := Of(e)
			if f.ExitCode() == int(fault.Internal) || f.Hint() == "" ||
				strings.Contains(f.Hint(), "report") {
				t.Errorf("%s: %v has code %d and %q", what, e, f.ExitCode(), f.Hint())
			}
		}
		if Of(declared.With("%w", err)) != declared {
			t.Errorf("%s hides what was declared", what)
		}
	}
	if f := Of(errors.New("a broken invariant")); f.ExitCode() != int(fault.Internal) {
		t.Errorf("control: what has no cause has code %d", f.ExitCode())
	}
}
