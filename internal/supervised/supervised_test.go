package supervised

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestManagerHears plays the manager at the socket: ready, then alive, then stopping.
func TestManagerHears(t *testing.T) {
	dir, err := os.MkdirTemp("", "notify") // short: a socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket, err := net.ListenUnixgram("unixgram",
		&net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "s"))
	t.Setenv("WATCHDOG_USEC", "3000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, func() {}, func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	buf := make([]byte, 100)
	for _, want := range []string{"READY=1", "WATCHDOG=1", "STOPPING=1"} {
		for got := ""; got != want; {
			n, err := socket.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if got = string(buf[:n]); got == "READY=1" && want != got {
				t.Fatal("ready twice")
			}
		}
		if want == "WATCHDOG=1" {
			stop()
		}
	}
	if err := <-done; err != context.Canceled {
		t.Errorf("ended with %v", err)
	}
}

// TestWhoHangsIsNotAlive: what holds a lock for ever is not said to live. The control lives.
func TestWhoHangsIsNotAlive(t *testing.T) {
	for _, hangs := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
			defer stop()
			said := 0
			beat(ctx, time.Second, func() {
				if hangs {
					<-ctx.Done()
				}
			}, func() { said++ })
			if hangs && said > 1 || !hangs && said < 9 {
				t.Errorf("hangs: %v, and was said to live %d times", hangs, said)
			}
		})
	}
}

// TestWithoutManager: nothing is asked of a computer without one.
func TestWithoutManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	ran := false
	err := Run(t.Context(), nil, func(context.Context) error { ran = true; return nil })
	if err != nil || !ran {
		t.Errorf("ran: %v, %v", ran, err)
	}
}
