// Package cause says what a person can do about errors that come from outside of this program: of
// the system, of the network, of a disk. Each is a fault here, so that nobody is told to report
// what is no mistake of the program.
//
// It must not hide a fault that somebody declared, and knows no feature.
package cause

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"

	"murmuration/client/fault"
)

// A cause is a kind of error, and what to do about it.
type cause struct {
	is    func(error) bool
	fault *fault.Fault
}

func oneOf(of ...error) func(error) bool {
	return func(err error) bool {
		for _, one := range of {
			if errors.Is(err, one) {
				return true
			}
		}
		return false
	}
}

// late is a deadline of a connection or a request.
func late(err error) bool {
	var timed interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timed) && timed.Timeout()
}

// unnamed is an address that the system cannot find.
func unnamed(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns)
}

// causes are looked through in this order: what is particular comes first.
var causes = []cause{
	{oneOf(syscall.ENOSPC), fault.New(
		fault.Quota, "the disk is full",
		"Make room and try again; nothing that was said to be done is lost.",
	)},
	{oneOf(syscall.EROFS), fault.New(
		fault.User, "the disk cannot be written to",
		"It is mounted read-only: name another --home, or mount it otherwise.",
	)},
	{oneOf(syscall.EMFILE, syscall.ENFILE), fault.New(
		fault.Quota, "too many files are open",
		"Close other programs, or raise the limit (ulimit -n).",
	)},
	{oneOf(fs.ErrPermission), fault.New(
		fault.User, "the system does not allow it",
		"Look whose the file or directory is, and who may read and write it (ls -l).",
	)},
	{oneOf(syscall.EADDRINUSE), fault.New(
		fault.Locked, "the address is in use",
		"Another program listens there: stop it, or configure another address.",
	)},
	{oneOf(syscall.EADDRNOTAVAIL), fault.New(
		fault.User, "this computer does not have the address",
		"Configure an address of this computer, or 0.0.0.0 for all of them.",
	)},
	{oneOf(syscall.ECONNREFUSED), fault.New(
		fault.Network, "nobody listens at that address",
		"The other side is down or starts just now; what waits here is tried again.",
	)},
	{oneOf(syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN), fault.New(
		fault.Network, "the network cannot be reached",
		"Check the connection of this computer; what waits here is tried again.",
	)},
	{unnamed, fault.New(
		fault.Network, "the name of the other side cannot be looked up",
		"Check the connection of this computer; what waits here is tried again.",
	)},
	{oneOf(syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, io.ErrClosedPipe, net.ErrClosed,
		io.EOF, io.ErrUnexpectedEOF), fault.New(
		fault.Network, "the other side has ended the connection",
		"It was restarted, or the connection is bad; what waits here is tried again.",
	)},
	{late, fault.New(
		fault.Timeout, "it took too long",
		"Try again; what was queued goes on by itself.",
	)},
	{oneOf(context.Canceled), fault.New(
		fault.Network, "it was stopped before it was done",
		"Nothing to do: what was queued goes on by itself.",
	)},
	{oneOf(fs.ErrNotExist), fault.New(
		fault.User, "there is no such file", "Look at the name, and at the directory you are in.",
	)},
	{oneOf(fs.ErrExist), fault.New(
		fault.User, "there is such a file already", "Name another one; nothing was changed.",
	)},
	{oneOf(os.ErrProcessDone), fault.New(
		fault.User, "the other program has ended", "Try again.",
	)},
}

// Of is the fault in err, or that of its cause. What has neither is internal.
func Of(err error) *fault.Fault {
	var declared *fault.Fault
	if errors.As(err, &declared) {
		return declared
	}
	for _, c := range causes {
		if c.is(err) {
			return c.fault
		}
	}
	return fault.Of(err)
}
