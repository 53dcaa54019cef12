package checkup

import (
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"

	"murmuration/internal/link"
)

// History: a mix with an IPv4 address alone, in a network of which two authorities had IPv6
// addresses alone, was told that two of three answered, and never got into a document.
func TestNoWay(t *testing.T) {
	failed := func(of syscall.Errno) error {
		return fmt.Errorf("dialling: %w: %w", link.ErrUnreachable,
			&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", of)})
	}
	got := noWay([]answer{{name: "ada"}, {name: "ben", err: failed(syscall.ENETUNREACH)},
		{name: "cleo", err: failed(syscall.ECONNREFUSED)}, {name: "dan", err: link.ErrNotMurmur}})
	if !slices.Equal(got, []string{"ben"}) {
		t.Errorf("no way leads to %q", got)
	}
}
