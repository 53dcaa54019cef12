// Package socket is where the commands of this computer find the daemon of a home: a Unix socket in
// a place that is its user's alone, and whoever is not this user is not let in.
//
// The package must not know what is said over it.
package socket

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// maxPath is the longest path of a socket on the systems that we run on, without the final zero.
const maxPath = 103

// maxConns bounds the connections that are served at one time.
const maxConns = 64

// Path is where the daemon of a home listens: configured, or api.sock in the home, or, where
// that is too long for a socket, a short name of its own in a private directory.
func Path(home, configured string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	abs, err := filepath.Abs(home)
	if err != nil {
		return "", fmt.Errorf("finding the socket: %w", err)
	}
	if there, err := filepath.EvalSymlinks(abs); err == nil {
		abs = there // by whichever of its names: a home has one daemon
	}
	if path := filepath.Join(abs, "api.sock"); len(path) <= maxPath {
		return path, nil
	}
	sum := sha256.Sum256([]byte(abs))
	return filepath.Join(privateDir(), hex.EncodeToString(sum[:8])+".sock"), nil
}

// privateDir is short and this user's alone; Listen checks the latter.
func privateDir() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" && len(dir) < 60 {
		return filepath.Join(dir, "murmur")
	}
	return filepath.Join(shortTemp, fmt.Sprintf("murmur-%d", os.Getuid()))
}

// Listen takes the socket. The home's lock is held, so that a file that is left there belongs to a
// process that is gone.
func Listen(path string) (net.Listener, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("listening on %s: a socket's path may have %d bytes", path, maxPath)
	}
	if err := makePrivate(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("removing a stale socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening for commands: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("listening for commands: %w", err), l.Close())
	}
	return &guarded{Listener: l, admits: sameUser, slots: make(chan struct{}, maxConns)}, nil
}

// guarded accepts this user's processes only, and not too many at a time.
type guarded struct {
	net.Listener
	admits func(net.Conn) bool
	slots  chan struct{}
}

func (g *guarded) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !g.admits(conn) {
			conn.Close()
			continue
		}
		select {
		case g.slots <- struct{}{}:
			return &slotted{Conn: conn, slots: g.slots}, nil
		default:
			conn.Close()
		}
	}
}

// slotted gives its place back when it is closed.
type slotted struct {
	net.Conn
	slots chan struct{}
	once  sync.Once
}

func (s *slotted) Close() error {
	s.once.Do(func() { <-s.slots })
	return s.Conn.Close()
}
