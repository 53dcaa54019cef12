package socket

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestSocketPaths(t *testing.T) {
	short, err := Path("/home/ada/.local/share/murmur", "")
	if err != nil || short != "/home/ada/.local/share/murmur/api.sock" {
		t.Errorf("%q, %v", short, err)
	}
	long := "/" + strings.Repeat("long/", 30)
	a, err1 := Path(long, "")
	b, err2 := Path(long+"x", "")
	if err1 != nil || err2 != nil || len(a) > maxPath || a == b {
		t.Errorf("%q and %q, %v, %v", a, b, err1, err2)
	}
	if set, _ := Path(long, "/run/x"); set != "/run/x" {
		t.Error("the configured path is not used")
	}
}

func TestSocketOfOthersIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(filepath.Join(dir, "s")) // the control
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(filepath.Join(dir, "s")); err == nil {
		l.Close()
		t.Error("a directory that others can write to was used")
	}
}

// TestStrangersAreNotServed lets the kernel's answer be "somebody else" for the first who asks.
func TestStrangersAreNotServed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := 0
	l.(*guarded).admits = func(conn net.Conn) bool {
		asked++
		return asked > 1 && sameUser(conn)
	}
	var conns [2]net.Conn
	for i := range conns {
		if conns[i], err = net.Dial("unix", path); err != nil {
			t.Fatal(err)
		}
		defer conns[i].Close()
	}
	served, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	if _, err := served.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	if n, err := conns[0].Read(b[:]); err == nil || n > 0 || asked != 2 {
		t.Errorf("the stranger read %d bytes, %v; %d were looked at", n, err, asked)
	}
	if _, err := conns[1].Read(b[:]); err != nil {
		t.Errorf("the control: %v", err)
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(path); err == nil {
		l.Close()
		t.Error("somebody's file was replaced")
	}
}

// TestSocketIsTheOwnersAlone: whatever the umask is.
func TestSocketIsTheOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestConnectionsHaveACap: one more than maxConns is closed at once, and there is place again when
// one of them ends.
func TestConnectionsHaveACap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() { // ends with the listener
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	dial := func() net.Conn {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	var first net.Conn
	for range maxConns {
		dial()
		first = <-accepted
	}
	closed, ended := dial(), make(chan error, 1)
	go func() { // ends with the connection
		_, err := closed.Read(make([]byte, 1))
		ended <- err
	}()
	select {
	case <-accepted:
		t.Fatalf("there are %d connections", maxConns+1)
	case <-ended:
	}
	first.Close()
	dial()
	if conn := <-accepted; conn == nil {
		t.Error("control: nobody has the place that was given back")
	}
}
