package pgstore_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/box/pgstore"
)

// TestOutage: while a database is away, what belongs there is refused as full, reading it is an
// error and never "not found", everything else goes on, bulletins and days too; when it is there
// again all is as if it had not been away, and what it missed is made up.
func TestOutage(t *testing.T) {
	servers := []*server{newServer(t, memory(t)), newServer(t, memory(t))}
	o := pgstore.Options{KeyFile: filepath.Join(t.TempDir(), "secret"), Patience: 5 * time.Second}
	for _, s := range servers {
		o.Shards = append(o.Shards, s.make("boxes"))
	}
	if _, err := pgstore.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	s := open(t, o)
	peer := box.Holder{1}
	var all []box.Listing
	for n := range uint64(16) {
		for day := box.Day(2); day < 4; day++ {
			write(t, s, day, n, box.StatusStored)
			all = append(all, box.Listing{Day: day, ID: boxtest.Box(n, 'a', 0).ID})
		}
	}
	servers[0].kill()
	there := map[uint64]bool{}
	for n := range uint64(16) {
		o, err := s.Write(3, boxtest.Box(n, 'a', 2048), box.Token{}, peer)
		switch {
		case err != nil: // the first one notices
		case o.Status == box.StatusStored:
			there[n] = true
		case o.Status != box.StatusFull:
			t.Errorf("box %d again: %s", n, o.Status)
		}
	}
	if len(there) == 0 || len(there) == 16 {
		t.Fatalf("%d of 16 boxes are in the other database", len(there))
	}
	for n := range uint64(16) {
		got, status, err := s.Read(3, boxtest.Box(n, 'a', 0).ID)
		if there[n] != (err == nil) || err == nil && (status != box.StatusFound ||
			!got.Equal(boxtest.Box(n, 'a', 2048))) || status == box.StatusNotFound {
			t.Errorf("box %d: %s, %v", n, status, err)
		}
		if _, err := s.Merge(3, boxtest.Box(n, 'a', 0)); there[n] && err != nil {
			t.Error(err)
		}
	}
	if waiting, err := s.Pending(peer, box.Queued{Day: 3}, 99); err != nil ||
		len(waiting) != len(there) {
		t.Errorf("%d wait of %d that can be had: %v", len(waiting), len(there), err)
	}
	if err := s.Publish(3, 7, []byte("body"), all); err != nil {
		t.Errorf("publishing while one is away: %v", err)
	}
	if body, ok, err := s.Body(7); string(body) != "body" || !ok || err != nil {
		t.Errorf("the bulletin is %q, %v", body, err)
	}
	if s.Waiting() != 0 {
		t.Errorf("%d are to be listed again", s.Waiting())
	}
	if err := s.Drop(3); err != nil {
		t.Errorf("dropping a day while one is away: %v", err)
	}
	servers[0].start()
	for n := range uint64(16) {
		untilStored(t, s, n, there[n])
	}
	if unlisted, err := s.Unlisted(); err != nil || len(unlisted) != 0 {
		t.Errorf("%d are to be listed twice, %v", len(unlisted), err)
	}
	if _, status, err := s.Read(2, boxtest.Box(1, 'a', 0).ID); err != nil ||
		status != box.StatusNotFound {
		t.Errorf("a box of a dropped day: %s, %v", status, err)
	}
	if err := s.Drop(3); err != nil { // as every minute
		t.Error(err)
	}
	for i, server := range servers {
		if days := server.do("boxes", "SELECT count(*) FROM pg_namespace WHERE nspname LIKE "+
			"'murmur_day_%'"); days != "1" {
			t.Errorf("server %d has %s days", i, days)
		}
	}
	s.Close()
	if s := open(t, o); s.Waiting() != 0 {
		t.Errorf("after a restart %d are to be listed twice", s.Waiting())
	}
}

func write(t *testing.T, s *pgstore.Store, day box.Day, n uint64, want box.Status) {
	t.Helper()
	o, err := s.Write(day, boxtest.Box(n, 'a', 2048), box.Token{}, box.Holder{1})
	if err != nil || o.Status != want {
		t.Fatalf("box %d of day %d: %s, %v, want %s", n, day, o.Status, err, want)
	}
}

// untilStored says the same again until the database is there again; what was there then is still
// there, as a tombstone if it became one.
func untilStored(t *testing.T, s *pgstore.Store, n uint64, dead bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		o, err := s.Write(3, boxtest.Box(n, 'a', 2048), box.Token{}, box.Holder{1})
		want := box.StatusStored
		if dead {
			want = box.StatusTombstoned
		}
		switch {
		case err == nil && o.Status == want && !o.New:
			return
		case err == nil && o.Status != box.StatusFull:
			t.Fatalf("box %d: %s, new is %v", n, o.Status, o.New)
		case time.Now().After(deadline):
			t.Fatalf("box %d: %s, %v", n, o.Status, err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// TestServerRestarts: a server that was killed while nobody asked, and is there again, has not been
// away for anybody.
func TestServerRestarts(t *testing.T) {
	server := newServer(t, memory(t))
	s := open(t, newStore(t, server, 1))
	for n := range uint64(3) {
		write(t, s, 3, n, box.StatusStored)
		if _, status, err := s.Read(3, boxtest.Box(n, 'a', 0).ID); err != nil ||
			status != box.StatusFound {
			t.Errorf("box %d: %s, %v", n, status, err)
		}
		server.kill()
		server.start()
		if n == 1 { // who reads first
			if _, status, err := s.Read(3, boxtest.Box(n, 'a', 0).ID); err != nil ||
				status != box.StatusFound {
				t.Errorf("box %d after a restart: %s, %v", n, status, err)
			}
		}
	}
	if s.Away() != 0 {
		t.Errorf("%d are away", s.Away())
	}
}

// TestRefused are the mistakes of operators, each refused with what to do; the first is none.
func TestRefused(t *testing.T) {
	server := newServer(t, memory(t))
	refused := func(name string, o pgstore.Options, want string) {
		t.Helper()
		s, err := pgstore.Open(t.Context(), o)
		if err == nil {
			s.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	good := newStore(t, server, 2)
	refused("nothing wrong", good, "")
	other := good
	other.Shards = []string{good.Shards[1], good.Shards[0]}
	refused("another order", other, "")

	first := open(t, good)
	refused("a second process", good, "another process uses it")
	first.Close()

	other = good
	other.KeyFile = filepath.Join(t.TempDir(), "secret")
	refused("no secret", other, "restore it from its backup")
	other.Shards = []string{server.make("elsewhere")}
	if _, err := pgstore.Create(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	refused("an empty store", other, "")
	other.Shards = good.Shards
	refused("another provider's", other, "another provider")
	other = good
	other.Shards = append(slices.Clone(good.Shards), server.make("third"))
	refused("one without tables", other, "murmur provider databases")

	s := open(t, good)
	for n := range uint64(4) {
		write(t, s, 3, n, box.StatusStored)
	}
	s.Close()
	other.Shards = good.Shards[:1]
	refused("one that is not named", other, "spread over database 2")

	for _, set := range []struct{ to, want string }{{"off", "is off"}, {"local", "is local"},
		{"remote_write", "is remote_write"}, {"remote_apply", ""}, {"on", ""}} {
		server.do("postgres", "ALTER DATABASE shard1 SET synchronous_commit = "+set.to)
		refused(set.to, good, set.want)
	}
	server.do("shard1", "UPDATE murmur.shard SET version = 2")
	refused("another version", good, "version 2")
	server.do("shard1", "UPDATE murmur.shard SET version = 1")
	server.do("shard1", "UPDATE murmur.day SET salt = '\\x"+strings.Repeat("00", 32)+"'")
	refused("salts that differ", good, "put back from a backup")
	server.do("shard1", "UPDATE murmur.day SET salt = '\\x00'")
	refused("a salt of a byte", good, "nobody asked for")
	server.kill()
	refused("no server", good, "connect")
}

// TestShardComes: a database that is added takes its part of the days that begin from then on, and
// of no other; what was there stays where it was.
func TestShardComes(t *testing.T) {
	server := newServer(t, memory(t))
	o := newStore(t, server, 1)
	s := open(t, o)
	for n := range uint64(16) {
		write(t, s, 3, n, box.StatusStored)
	}
	s.Close()
	o.Shards = append(o.Shards, server.make("shard1"))
	if made, err := pgstore.Create(t.Context(), o); err != nil || made != 1 {
		t.Fatalf("%d were made, %v", made, err)
	}
	if made, err := pgstore.Create(t.Context(), o); err != nil || made != 0 {
		t.Fatalf("%d were made again, %v", made, err)
	}
	s = open(t, o)
	for n := range uint64(16) {
		write(t, s, 3, n, box.StatusStored)
		write(t, s, 3, 16+n, box.StatusStored)
		write(t, s, 4, n, box.StatusStored)
	}
	count := func(database string, day int) string {
		return server.do(database, fmt.Sprintf("SELECT count(*) FROM murmur_day_%05d.box", day))
	}
	if old := count("shard0", 3); old != "32" {
		t.Errorf("the old day has %s boxes in the old database", old)
	}
	if one, two := count("shard0", 4), count("shard1", 4); one == "16" || two == "16" ||
		one == "0" || two == "0" {
		t.Errorf("the new day has %s and %s boxes in the databases", one, two)
	}
}

// TestTakenOver: a process that finds another one's name in a database, as after a network hid one
// from the other, writes nothing more there, however often it comes back; the other one does.
func TestTakenOver(t *testing.T) {
	server := newServer(t, memory(t))
	o := newStore(t, server, 1)
	s := open(t, o)
	write(t, s, 3, 1, box.StatusStored)
	server.do("shard0", `UPDATE murmur.shard SET run = '\x00'`)
	for n := range uint64(8) {
		if got, err := s.Write(3, boxtest.Box(10+n, 'a', 2048), box.Token{}); err == nil &&
			got.Status == box.StatusStored {
			t.Errorf("box %d was stored by a process that does not have the database", n)
		}
	}
	s.Close()
	write(t, open(t, o), 3, 3, box.StatusStored)
}

// TestHostileDatabase: rows that were changed, swapped or blown up are errors, no panic and no
// wrong box, and others are still served. The log names no box.
func TestHostileDatabase(t *testing.T) {
	server := newServer(t, memory(t))
	o := newStore(t, server, 1)
	var log bytes.Buffer
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := open(t, o)
	for n := range uint64(6) {
		write(t, s, 3, n, box.StatusStored)
	}
	good, status, err := s.Read(3, boxtest.Box(5, 'a', 0).ID)
	if err != nil || status != box.StatusFound {
		t.Fatal(err)
	}
	server.do("shard0", `WITH b AS (SELECT v FROM murmur_day_00003.box ORDER BY k LIMIT 1)
		UPDATE murmur_day_00003.box SET v = b.v FROM b`)
	right := 0
	for n := range uint64(6) {
		got, _, err := s.Read(3, boxtest.Box(n, 'a', 0).ID)
		if err == nil && !got.Equal(boxtest.Box(n, 'a', 2048)) {
			t.Errorf("box %d is another one", n)
		}
		if err == nil {
			right++
		}
		if o, err := s.Write(3, boxtest.Box(n, 'a', 2048), box.Token{}); err == nil &&
			o.Status != box.StatusStored {
			t.Errorf("box %d again: %s", n, o.Status)
		}
	}
	if waiting, err := s.Pending(box.Holder{1}, box.Queued{}, 9); right != 1 || err != nil ||
		len(waiting) != 1 {
		t.Errorf("%d boxes are right and %d wait, %v, want one", right, len(waiting), err)
	}
	server.do("shard0", `UPDATE murmur_day_00003.box SET v =
		convert_to(repeat('x', 40000000), 'UTF8')`)
	if _, _, err := s.Read(3, good.ID); err == nil {
		t.Error("a box of 40 MB was taken")
	}
	write(t, s, 4, 9, box.StatusStored) // after that connection was given up, on another one
	if got, _, err := s.Read(4, boxtest.Box(9, 'a', 0).ID); err != nil || len(got.Ciphertext) == 0 {
		t.Errorf("nothing is read any more: %v", err)
	}
	if text := log.String(); strings.Contains(text, fmt.Sprintf("%x", good.ID)) ||
		strings.Contains(text, "murmur_day_00003.box WHERE") {
		t.Errorf("the log names a box:\n%s", text)
	}
}

// TestWentBack: a database that comes back without what it acknowledged is refused, until somebody
// decides to go on without it by a new start.
func TestWentBack(t *testing.T) {
	server := newServer(t, memory(t))
	o := newStore(t, server, 1)
	var log bytes.Buffer
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := open(t, o)
	for n := range uint64(3) {
		write(t, s, 3, n, box.StatusStored)
	}
	server.do("shard0", "UPDATE murmur.shard SET commit = commit - 1")
	deadline := time.Now().Add(20 * time.Second)
	for range 3 {
		got, err := s.Write(3, boxtest.Box(9, 'a', 2048), box.Token{})
		if err == nil && got.Status == box.StatusStored || time.Now().After(deadline) {
			t.Fatalf("a box was stored: %s, %v", got.Status, err)
		}
	}
	s.Close()
	if s := open(t, o); !strings.Contains(log.String(), "database is away") {
		t.Errorf("it was not said:\n%s", log.String())
	} else {
		write(t, s, 3, 9, box.StatusStored)
	}
}

// TestStandbyIsWaitedFor: with a synchronous standby that is not there nothing is acknowledged, not
// even what the database has committed by itself.
func TestStandbyIsWaitedFor(t *testing.T) {
	server := newServer(t, memory(t))
	o := newStore(t, server, 1)
	o.Patience = time.Second
	s := open(t, o)
	write(t, s, 3, 1, box.StatusStored)
	server.do("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
	server.do("postgres", "SELECT pg_reload_conf()")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for refused := 0; refused < 3 && ctx.Err() == nil; {
		got, err := s.Write(3, boxtest.Box(2, 'a', 2048), box.Token{})
		if err == nil && got.Status == box.StatusStored {
			if refused > 0 {
				t.Fatal("a box was acknowledged that no standby has")
			}
			continue // the setting has not come yet
		}
		refused++
	}
	server.do("postgres", "ALTER SYSTEM RESET synchronous_standby_names")
	server.do("postgres", "SELECT pg_reload_conf()")
	for {
		got, err := s.Write(3, boxtest.Box(2, 'a', 2048), box.Token{})
		if err == nil && got.Status == box.StatusStored {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("the standby is not asked for any more, and still: %s, %v", got.Status, err)
		}
	}
}
