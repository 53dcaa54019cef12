package pgstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"murmuration/internal/long"
)

// server is a PostgreSQL server of its own, on a Unix socket, for one test.
type server struct {
	t    testing.TB
	dir  string // its data
	sock string
	more []string // settings
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	log  bytes.Buffer
}

// asked says whether the tests that need PostgreSQL were asked for.
func asked(t testing.TB) {
	t.Helper()
	if !long.Set("MURMUR_POSTGRES") {
		t.Skip("opt in with MURMUR_POSTGRES=1; it needs PostgreSQL's server programs")
	}
}

// program finds a program of the server: Debian keeps them out of the PATH.
func program(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return path
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		t.Fatalf("there is no %s: install PostgreSQL (on Debian the package postgresql)", name)
	}
	return found[len(found)-1]
}

// nobody is who the server runs as when the test runs as root, which it refuses to run as.
const nobody = 65534

func asNobody(cmd *exec.Cmd) {
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody,
			Gid: nobody}}
	}
}

// newServer makes a server in a directory and starts it.
func newServer(t testing.TB, dir string, settings ...string) *server {
	t.Helper()
	asked(t)
	sock, err := os.MkdirTemp("/tmp", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sock) })
	s := &server{t: t, dir: filepath.Join(dir, "data"), sock: sock, more: settings}
	if err := errors.Join(os.Mkdir(s.dir, 0o700), own(s.dir), own(sock)); err != nil {
		t.Fatal(err)
	}
	s.initialise()
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) initialise() {
	s.t.Helper()
	cmd := exec.Command(program(s.t, "initdb"), "-D", s.dir, "-A", "trust", "-U", "murmur",
		"--no-sync", "-E", "UTF8", "--locale", "C")
	cmd.Dir = "/"
	asNobody(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("initdb: %v\n%s", err, out)
	}
}

func own(dir string) error {
	if os.Getuid() == 0 {
		return os.Chown(dir, nobody, nobody)
	}
	return nil
}

// memory is a directory whose files are in memory, or another one: for tests of which no power cut
// is a part.
func memory(t testing.TB) string {
	if _, err := os.Stat("/dev/shm"); err == nil {
		return tempDir(t, "/dev/shm")
	}
	return tempDir(t, "/tmp")
}

// tempDir is a directory that everybody may pass through.
func tempDir(t testing.TB, in string) string {
	t.Helper()
	dir, err := os.MkdirTemp(in, "murmur-pg")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// start starts the server and waits until it takes connections: what a killed one left, it mends.
func (s *server) start() {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		s.launch()
		for {
			if s.ready() {
				return
			}
			if time.Now().After(deadline) {
				s.t.Fatalf("the server does not start\n%s", s.log.String())
			}
			if s.ended(20 * time.Millisecond) {
				break // what was killed is not gone yet
			}
		}
	}
}

func (s *server) launch() {
	s.t.Helper()
	args := []string{"-D", s.dir, "-k", s.sock, "-c", "listen_addresses="}
	for _, set := range s.more {
		args = append(args, "-c", set)
	}
	s.cmd = exec.Command(program(s.t, "postgres"), args...)
	s.cmd.Dir = "/"
	s.log.Reset()
	s.cmd.Stderr = &s.log
	asNobody(s.cmd)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) { // ends with the server
		cmd.Wait()
		close(done)
	}(s.cmd, s.done)
}

// ended waits a moment for the end of the server.
func (s *server) ended(moment time.Duration) bool {
	select {
	case <-s.done:
		return true
	case <-time.After(moment):
		return false
	}
}

func (s *server) ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := pgconn.Connect(ctx, s.address("postgres"))
	if err != nil {
		return false
	}
	return c.Close(ctx) == nil
}

// kill ends the server and all its processes with SIGKILL.
func (s *server) kill() {
	pid := s.cmd.Process.Pid
	_ = s.cmd.Process.Signal(syscall.SIGSTOP) // it starts no others
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, child := range strings.Fields(string(list)) {
		if n, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
	_ = s.cmd.Process.Kill()
	<-s.done
}

// address is that of one of its databases.
func (s *server) address(database string) string {
	return fmt.Sprintf("host=%s user=murmur dbname=%s", s.sock, database)
}

// make makes a database, or empties the one of that name, and returns its address.
func (s *server) make(database string) string {
	s.t.Helper()
	if s.do("postgres", "SELECT datname FROM pg_database WHERE datname = '"+database+"'") == "" {
		s.do("postgres", "CREATE DATABASE "+database)
	}
	s.do(database, `DO $$ DECLARE s text; BEGIN
		FOR s IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'murmur%' LOOP
			EXECUTE 'DROP SCHEMA ' || s || ' CASCADE';
		END LOOP; END $$`)
	return s.address(database)
}

// do runs statements in a database and returns the last value that comes.
func (s *server) do(database, sql string) (value string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgconn.Connect(ctx, s.address(database))
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.log.String())
	}
	defer c.Close(ctx)
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	for _, r := range results {
		for _, row := range r.Rows {
			value = string(row[0])
		}
	}
	return value
}
