package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/pgstore"
	"murmuration/internal/long"
)

// How the child process of a crash test behaves.
const (
	honest   = "honest"   // prints an operation when it was acknowledged
	early    = "early"    // prints it before: the control of the kill test
	stubborn = "stubborn" // honest, and does again what failed while a server is away
	// stubborn, with databases that forget: the control of the others
	noSync = "nosync"
)

// TestMain is also the child: a provider's store under load, until somebody kills it.
func TestMain(m *testing.M) {
	if shards := os.Getenv("BOX_CHILD"); shards != "" {
		if err := writeUntilKilled(strings.Split(shards, "|"), os.Getenv("BOX_SECRET"),
			os.Getenv("BOX_MODE")); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func writeUntilKilled(shards []string, secret, mode string) error {
	o := pgstore.Options{Shards: shards, KeyFile: secret}
	if mode == noSync {
		o = pgstore.NoSync(o)
	}
	s, err := pgstore.Open(context.Background(), o)
	if err != nil {
		return err
	}
	return boxtest.Load{Early: mode == early,
		Stubborn: mode == stubborn || mode == noSync}.UntilKilled(s)
}

func child(o pgstore.Options, mode string) []string {
	return []string{"BOX_CHILD=" + strings.Join(o.Shards, "|"), "BOX_SECRET=" + o.KeyFile,
		"BOX_MODE=" + mode}
}

// missing reopens the store and counts the printed operations that it does not have.
func missing(t *testing.T, o pgstore.Options, want boxtest.Printed) int {
	t.Helper()
	s, err := pgstore.Open(t.Context(), o)
	if err != nil {
		t.Logf("reopening: %v", err)
		return want.Len()
	}
	defer s.Close()
	return want.Missing(t, s)
}

// cycles is how often something is killed: MURMUR_POSTGRES, or a few times.
func cycles(t testing.TB) int {
	t.Helper()
	if n := long.Count(t, "MURMUR_POSTGRES", 1, 3); n > 1 {
		return n
	}
	return 3
}

// controls are how often a control is tried: where a kill falls, chance decides.
const controls = 20

func kill(cmd *exec.Cmd) { cmd.Process.Kill() }

// TestKill: nothing acknowledged is lost or resurrected when the provider is killed under load, no
// token is spent twice, a slot never gets a second body, what was to be listed is listed once or
// still to be listed, and the store goes on from where it was. The control prints too early.
func TestKill(t *testing.T) {
	server := newServer(t, memory(t))
	o, all := newStore(t, server, 2), boxtest.NothingPrinted()
	for range cycles(t) {
		all.RunChild(t, child(o, honest), 150, kill)
		if got := missing(t, o, all); got != 0 {
			t.Fatalf("%d of %d acknowledged operations are missing", got, all.Len())
		}
	}
	t.Logf("%d operations, %d of them bulletins, %d kills of the provider, none missing",
		all.Len(), all.Bulletins(), cycles(t))
	if all.Bulletins() < cycles(t) {
		t.Errorf("%d bulletins were published", all.Bulletins())
	}
	for range controls {
		o, all = newStore(t, server, 2), boxtest.NothingPrinted()
		all.RunChild(t, child(o, early), 50, kill)
		if missing(t, o, all) > 0 {
			return
		}
	}
	t.Error("control: operations printed before they were done, and none is missing")
}

// TestServersKilled: the same when the databases are killed, in turn, under a provider that lives
// on and does again what failed. The control has databases that commit later than they say.
func TestServersKilled(t *testing.T) {
	acked, lost := killServers(t, stubborn, cycles(t))
	t.Logf("%d kills of a server, %d operations acknowledged, %d lost", cycles(t), acked, lost)
	if lost != 0 || acked == 0 {
		t.Error("acknowledged operations were lost")
	}
	for range controls {
		acked, lost = killServers(t, noSync, 1)
		t.Logf("control, synchronous_commit off: 1 kill, %d operations acknowledged, %d lost",
			acked, lost)
		if lost > 0 {
			return
		}
	}
	t.Error("control: nothing was lost, so this test cannot fail")
}

func killServers(t *testing.T, mode string, times int) (acked, lost int) {
	o := pgstore.Options{KeyFile: filepath.Join(t.TempDir(), "secret")}
	var servers []*server
	for range 2 { // with synchronous_commit off they write their logs late
		s := newServer(t, memory(t), "wal_writer_delay=10s", "wal_writer_flush_after=64MB")
		servers, o.Shards = append(servers, s), append(o.Shards, s.make("boxes"))
	}
	if _, err := pgstore.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	all := boxtest.NothingPrinted()
	for n := range times {
		s := servers[n%2]
		all.RunChildOn(t, child(o, mode), []int{100, 200}, func(at int, cmd *exec.Cmd) {
			if at > 0 {
				cmd.Process.Kill()
				return
			}
			s.kill()
			s.start()
		})
		lost += missing(t, o, all)
	}
	return all.Len(), lost
}

// TestPowerCut: two servers with their data on a file system whose power is cut under load
// (EXT4_IOC_SHUTDOWN without flushing the journal), all killed, mounted again and compared. The
// control has fsync off and must lose some. It needs root, losetup and mkfs.ext4:
//
//	MURMUR_POWERCUT=5 MURMUR_POSTGRES=1 go test ./internal/box/pgstore -run PowerCut -v -count 1
func TestPowerCut(t *testing.T) {
	cycles := long.Count(t, "MURMUR_POWERCUT", 1, 0)
	if cycles == 0 {
		t.Skip("opt in with MURMUR_POWERCUT=5 beside MURMUR_POSTGRES=1, as root")
	}
	if _, err := exec.LookPath("losetup"); err != nil || os.Getuid() != 0 {
		t.Skip("no power is cut: it needs root, losetup and mkfs.ext4")
	}
	asked(t)
	acked, lost := cutCycles(t, stubborn, cycles)
	t.Logf("fsync on: %d cuts, %d operations acknowledged, %d lost", cycles, acked, lost)
	if lost != 0 || acked == 0 {
		t.Error("acknowledged operations were lost")
	}
	for range controls {
		acked, lost = cutCycles(t, noSync, 1)
		t.Logf("control, fsync off: 1 cut, %d operations acknowledged, %d lost", acked, lost)
		if lost > 0 {
			return
		}
	}
	t.Error("control: nothing was lost without fsync, so this test cannot fail")
}

func cutCycles(t *testing.T, mode string, cycles int) (acked, lost int) {
	disk := boxtest.NewDisk(t)
	for dir := disk.Mount; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(t, disk.Mount, "max_wal_size=64MB", "min_wal_size=32MB")
	defer func() { s.kill() }() // before it is unmounted
	o, all := newStore(t, s, 2), boxtest.NothingPrinted()
	if mode == noSync {
		s.kill()
		s.more = append(s.more, "fsync=off")
		s.start()
		s.more = s.more[:2] // at the next start
	}
	s.do("postgres", "CHECKPOINT")
	if err := exec.Command("sync", "-f", disk.Mount).Run(); err != nil {
		t.Fatal(err)
	}
	for range cycles {
		all.RunChild(t, child(o, mode), 200, func(cmd *exec.Cmd) {
			disk.Cut()
			s.kill()
			kill(cmd)
		})
		disk.Remount()
		if err := s.revive(); err != nil {
			t.Logf("after the cut: %v", err)
			return all.Len(), lost + all.Len()
		}
		lost += missing(t, o, all)
	}
	return all.Len(), lost
}

// revive starts the server again, or says why it cannot be.
func (s *server) revive() (err error) {
	s.launch()
	for !s.ready() {
		if s.ended(0) {
			return errors.New("the server does not start")
		}
	}
	return nil
}
