package connection

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client/person"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// kept is what a store has of the guards.
func kept(t *testing.T, s *store.Store) (g guards) {
	t.Helper()
	if err := s.View(g.get); err != nil {
		t.Fatal(err)
	}
	return g
}

func epochsOf(docs []*directory.Document) (all []directory.Epoch) {
	for _, d := range docs {
		all = append(all, d.Epoch)
	}
	return all
}

// making is a connection that makes senders without running.
func making(t *testing.T) (n *network, c *Connection, s *store.Store) {
	n, s = newNetwork(t), home(t)
	return n, n.open(s, ""), s
}

// TestGuardsOutliveACrash: they are kept when a sender is made.
func TestGuardsOutliveACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, c, s := making(t)
		if _, err := c.makeSender(n.docs[2], time.Now()); err != nil {
			t.Fatal(err)
		}
		if g := kept(t, s); !slices.Equal(g.List, c.guards.List) || len(g.List) != 2 {
			t.Errorf("a sender was made, and kept is %+v", g)
		}
	})
}

// TestSendersDiffer: each draws its own slots.
func TestSendersDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, c, _ := making(t)
		one, err1 := c.makeSender(n.docs[2], time.Now())
		two, err2 := c.makeSender(n.docs[2], time.Now())
		if err := errors.Join(err1, err2); err != nil || one.Next().Equal(two.Next()) {
			t.Errorf("two senders have one rhythm, %v", err)
		}
	})
}

// TestGuardsAreKeptBeforeUse: with a full disk none is chosen, and those that were chosen will do.
func TestGuardsAreKeptBeforeUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, c, s := making(t)
		room := s.Free
		s.Free = func(string) (uint64, error) { return 0, nil }
		if _, err := c.makeSender(n.docs[2], time.Now()); !errors.Is(err, store.ErrFull) {
			t.Errorf("guards that are not kept are used: %v", err)
		}
		s.Free = room
		c = n.open(s, "")
		if _, err := c.makeSender(n.docs[2], time.Now()); err != nil {
			t.Fatal(err)
		}
		s.Free = func(string) (uint64, error) { return 0, nil }
		again := n.open(s, "")
		if _, err := again.makeSender(n.docs[2], time.Now()); err != nil {
			t.Fatalf("guards that are kept: %v", err)
		}
	})
}

// TestOtherTroubleThanAFullDiskStays, and ends a client.
func TestOtherTroubleThanAFullDiskStays(t *testing.T) {
	other := errors.New("another trouble")
	if err := unlessFull(other); !errors.Is(err, other) {
		t.Errorf("%v", err)
	}
	if err := errors.Join(unlessFull(nil), unlessFull(store.ErrFull.With("no room"))); err != nil {
		t.Errorf("%v", err)
	}
}

// TestSenderHasTheComingDocument that was prepared before it was made, if it can use it.
func TestSenderHasTheComingDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, c, _ := making(t)
		long := *n.docs[3]
		long.Parameters.Layers++
		for _, row := range []struct {
			coming *directory.Document
			want   []directory.Epoch
		}{
			{nil, []directory.Epoch{2}}, {n.docs[1], []directory.Epoch{2}},
			{n.docs[2], []directory.Epoch{2}}, {n.docs[3], []directory.Epoch{2, 3}},
			{&long, []directory.Epoch{2}},
		} {
			c.coming = row.coming
			if _, err := c.makeSender(n.docs[2], time.Now()); err != nil {
				t.Fatal(err)
			}
			if got := epochsOf(c.given); !slices.Equal(got, row.want) {
				t.Errorf("it was given %v, not %v", got, row.want)
			}
		}
		if _, err := c.makeSender(&long, time.Now()); !errors.Is(err, sender.ErrDocument) {
			t.Errorf("paths of another length: %v", err)
		}
	})
}

// TestDocumentsAreGivenOnce, and those that serve no more are forgotten.
func TestDocumentsAreGivenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, c, _ := making(t)
		var err error
		if c.slots.sender, err = c.makeSender(n.docs[2], time.Now()); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			next directory.Epoch
			want []directory.Epoch
		}{
			{2, []directory.Epoch{2}}, {3, []directory.Epoch{2, 3}},
			{3, []directory.Epoch{2, 3}}, {4, []directory.Epoch{3, 4}},
		} {
			if err := c.give(n.docs[row.next]); err != nil {
				t.Fatal(err)
			}
			if got := epochsOf(c.given); !slices.Equal(got, row.want) {
				t.Errorf("after the document of epoch %d it has %v", row.next, got)
			}
		}
	})
}

// TestNewRefuses a network of parameters that this program does not know, and a store that Create
// has not prepared.
func TestNewRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		if _, err := New(Config{Genesis: n.genesis, Store: store.Memory()}); !errors.Is(
			err, store.ErrNotFound) {
			t.Errorf("without spool keys: %v", err)
		}
		other := *n.genesis
		other.Parameters.Suite = "nope"
		if _, err := New(Config{Genesis: &other, Store: home(t)}); err == nil {
			t.Error("an unknown suite was taken")
		}
	})
}

// TestLogSaysWhatIsUnusable to the log that was given.
func TestLogSaysWhatIsUnusable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		n := newNetwork(t)
		c, err := New(Config{Genesis: n.genesis, Store: home(t), Transport: n.transport,
			Log: slog.New(slog.NewTextHandler(&said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		other := errors.New("another trouble")
		if err := c.noteUnusable(n.docs[2], other); !errors.Is(err, other) || said.Len() > 0 {
			t.Errorf("%v is no trouble of a document: %s", err, &said)
		}
		if err := c.noteUnusable(n.docs[2], sender.ErrDocument); err != nil ||
			!strings.Contains(said.String(), "newer version") {
			t.Errorf("%v: %s", err, &said)
		}
	})
}

// TestAnswersThatSayNothing: only a digest of the epoch asked about counts.
func TestAnswersThatSayNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, c, _ := making(t)
		a := &audits{connection: c, documents: c.documents, epoch: 2, digest: directory.Digest{1}}
		answer := func(k person.Kind, epoch uint64, said directory.Digest) person.Answer {
			return person.Answer{Kind: k, Holder: n.genesis.Entries[1].ID,
				Reply: box.Reply{Status: box.StatusDigest, Epoch: epoch, Digest: said}}
		}
		for what, e := range map[string]person.Answer{
			"a lost one":    answer(person.Lost, 2, directory.Digest{2}),
			"another epoch": answer(person.Done, 3, directory.Digest{2}),
			"no document":   answer(person.Done, 2, directory.Digest{}),
			"the same":      answer(person.Done, 2, directory.Digest{1}),
		} {
			if err := a.Answered(time.Now(), e); err != nil || c.Status().Differ != 0 {
				t.Errorf("%s: %d, %v", what, c.Status().Differ, err)
			}
		}
		if err := a.Answered(time.Now(), answer(person.Done, 2, directory.Digest{2})); err != nil {
			t.Fatal(err)
		}
		if got := c.Status().Differ; got != 1 {
			t.Errorf("the control: %d", got)
		}
		stranger := directory.NodeID{7}
		if got := c.nameOf(stranger); got != stranger.String() {
			t.Errorf("a stranger is called %q", got)
		}
	})
}

// TestAuditIsAskedAgain when the sender had no room for it.
func TestAuditIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(home(t), "")
		await(t, "document", time.Minute, func() bool { return c.documents.Current() != nil })
		p := person.New(store.Memory())
		a := &audits{documents: c.documents, schedule: n.genesis.Schedule(), rng: generator()}
		a.access = p.Join(a)
		full := &fullHolder{}
		if err := p.Begin(time.Now(), full); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(n.genesis.Parameters.EpochLength / 2)
		for range 2 {
			if err := errors.Join(a.Turn(time.Now()), a.Turn(later)); err != nil {
				t.Fatal(err)
			}
		}
		if full.tries != 2 {
			t.Errorf("asked %d times of a full sender", full.tries)
		}
		n.end(c)
	})
}

// fullHolder is a sender without room.
type fullHolder struct {
	holder
	tries int
}

func (h *fullHolder) Enqueue(time.Time, sender.Request) error {
	h.tries++
	return sender.ErrQueueFull
}
