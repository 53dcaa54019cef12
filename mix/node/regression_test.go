package node_test

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	mixnode "murmuration/mix/node"
)

// History: a node whose metrics had an address in use said that it runs, and ended.
//
// TestListenBindsMetrics: an address in use is met before anybody says that the node runs.
func TestListenBindsMetrics(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	home := newStage(t, t.TempDir(), slow()).homes["mix-1"].Dir
	listen := func(metrics string) error {
		n, err := mixnode.New(mixnode.Config{Home: home, Name: "mix-1", Listen: "127.0.0.1:0",
			Metrics: metrics})
		if err != nil {
			t.Fatal(err)
		}
		return errors.Join(n.Listen(), n.Close())
	}
	addr := taken.Addr().String()
	if err := listen(addr); !errors.Is(err, syscall.EADDRINUSE) ||
		!strings.Contains(err.Error(), "for metrics on "+addr) {
		t.Errorf("with metrics at an address in use: %v", err)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time shows that the first gave the address back
		if err := listen(addr); err != nil {
			t.Errorf("control: %v", err)
		}
	}
}
