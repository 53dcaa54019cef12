package checkup

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"murmuration/internal/link"
)

// History: A provider that did not start said that 257 MiB must be free, and its doctor 1,024.
//
// TestDiskSaysBothBounds: below one a provider takes no boxes, below the other it does not start.
func TestDiskSaysBothBounds(t *testing.T) {
	e := exam{Subject: Subject{Home: t.TempDir(), Reserve: 1 << 60}}
	e.disk()
	if len(e.found) != 1 || e.found[0].OK || !strings.HasSuffix(e.found[0].Says, fmt.Sprintf(
		"no new boxes below %d, and writes nothing, and does not start, below %d", 1<<40, 1<<38)) {
		t.Errorf("%+v", e.found)
	}
}

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
