package documents

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// memory is a store that takes nothing under some names.
type memory struct {
	mu      sync.Mutex // guards records: a test looks while a set runs
	records map[string][]byte
	refuse  string // end of a name
	blind   error  // of Load
}

func (m *memory) fail(name string) error {
	if m.refuse != "" && strings.HasSuffix(name, m.refuse) {
		return errFull
	}
	return nil
}

func (m *memory) Load() (all []Record, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, raw := range m.records {
		all = append(all, Record{name, name, raw})
	}
	return all, m.blind
}

func (m *memory) Keep(name string, raw []byte) error {
	if err := m.fail(name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records[name] = raw
	return nil
}

func (m *memory) Forget(name string) error {
	if err := m.fail(name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.records, name)
	return nil
}

func (m *memory) names() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(m.records)), " ")
}

// on opens a set on a store, and gives its log.
func (w *network) on(store Store) (*Set, *bytes.Buffer, error) {
	var log bytes.Buffer
	s, err := Open(Config{Genesis: w.genesis, Store: store, Follow: Node(w.genesis, 2),
		Log: slog.New(slog.NewTextHandler(&log, nil))})
	return s, &log, err
}

// contradict adds two documents for an epoch.
func (w *network) contradict(s *Set, e directory.Epoch) {
	w.Helper()
	second := w.signed(e, func(d *directory.Document) { d.Nodes[0].Packets = 10 })
	if err := s.Add(w.at(e), w.signed(e, nil)); err != nil {
		w.Fatal(err)
	}
	if err := s.Add(w.at(e), second); !errors.Is(err, directory.ErrTwoDocuments) {
		w.Fatal(err)
	}
}

// TestFindingsAreTold at once, and again at each start: one for each epoch, and the first ones.
func TestFindingsAreTold(t *testing.T) {
	w, store := newNetwork(t), &memory{records: map[string][]byte{}}
	s, log, err := w.on(store)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []directory.Epoch{0, 0, 1, 2} { // again, and one too many
		w.contradict(s, e)
	}
	check := func(when string, s *Set, log string) {
		var got []directory.Epoch
		for _, f := range s.Findings() {
			if f.String() != f.Proof.Error() {
				t.Errorf("%s: %v is told as %q", when, f.Epoch, f)
			}
			got = append(got, f.Epoch)
		}
		if told := strings.Count(log, "contradict themselves"); told != 2 ||
			!slices.Equal(got, []directory.Epoch{0, 1}) {
			t.Errorf("%s: %v, told %d times", when, got, told)
		}
	}
	check("found", s, log.String())
	again, log, err := w.on(store)
	if err != nil {
		t.Fatal(err)
	}
	check("after a restart", again, log.String())
}

// TestJudged leaves no record of a finding; what cannot be removed is not judged.
func TestJudged(t *testing.T) {
	w, store := newNetwork(t), &memory{records: map[string][]byte{}}
	s, _, err := w.on(store)
	if err != nil {
		t.Fatal(err)
	}
	w.contradict(s, 0)
	if got := store.names(); got != "0.contradiction 0.document findings" {
		t.Errorf("kept: %s", got)
	}
	for _, store.refuse = range []string{findingsName, evidenceSuffix} {
		if err := s.Judge(); !errors.Is(err, errFull) || len(s.Findings()) != 1 {
			t.Errorf("without %s: %d findings, %v", store.refuse, len(s.Findings()), err)
		}
	}
	store.refuse = ""
	if err := s.Judge(); err != nil || store.names() != "0.document" {
		t.Errorf("left: %s, %v", store.names(), err)
	}
}

// TestFindingWithoutRoom is known until the end of this run, which is told; no list names evidence
// that is not there.
func TestFindingWithoutRoom(t *testing.T) {
	for refuse, want := range map[string]string{evidenceSuffix: "0.document",
		findingsName: "0.contradiction 0.document"} {
		w, store := newNetwork(t), &memory{records: map[string][]byte{}, refuse: refuse}
		s, log, err := w.on(store)
		if err != nil {
			t.Fatal(err)
		}
		w.contradict(s, 0)
		if len(s.Findings()) != 1 || store.names() != want ||
			!strings.Contains(log.String(), "cannot be kept") {
			t.Errorf("no room for %s: %s; %s", refuse, store.names(), log.String())
		}
	}
}

// TestUnreadableStore ends the opening.
func TestUnreadableStore(t *testing.T) {
	if _, _, err := newNetwork(t).on(&memory{blind: errFull}); !errors.Is(err, errFull) {
		t.Errorf("opened with %v", err)
	}
}

// TestForgottenLater: a record that cannot be removed now is removed when it can be.
func TestForgottenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := newNetwork(t), &memory{records: map[string][]byte{}}
		s, log, err := w.on(store)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []directory.Epoch{0, 5, 9} { // that before a gap stays
			if err := s.Add(w.at(e), w.signed(e, nil)); err != nil {
				t.Fatal(err)
			}
		}
		store.refuse = "0" + suffix
		err = w.run(s, w.at(9), func(u *user) {
			if told := u.heard(); told != "use 9" ||
				store.names() != "0.document 5.document 9.document" {
				t.Errorf("%s; kept: %s", told, store.names())
			}
		})
		store.refuse = ""
		if err != nil || !strings.Contains(log.String(), "make room") {
			t.Errorf("%v; %s", err, log.String())
		}
		if err := w.run(s, w.at(9).Add(time.Minute), func(u *user) { u.heard() }); err != nil ||
			store.names() != "5.document 9.document" {
			t.Errorf("%v; kept: %s", err, store.names())
		}
	})
}

// TestEntriesThatFail: it is told apart who does not answer, who has no such document, and who
// gives something else.
func TestEntriesThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		<-time.After(time.Until(w.at(5)))
		fabric, entry := link.NewFabric(), w.genesis.Entries[0]
		from := Links(func() (link.Transport, error) {
			return fabric.Transport(w.linkConfig(link.Seed{20}))
		})
		serve(t, w, fabric)
		if _, err := from.Fetch(t.Context(), entry, 6); errors.Is(err, ErrUnreached) {
			t.Errorf("one that answers: %v", err)
		}
		none := Links(func() (link.Transport, error) { return nil, errFull })
		if _, err := none.Fetch(t.Context(), entry, 5); !errors.Is(err, errFull) {
			t.Errorf("without a transport: %v", err)
		}
	})
}

// TestSilentEntry is left when the caller does not want to wait any longer, and after a minute.
func TestSilentEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		fabric, entry := link.NewFabric(), w.genesis.Entries[0]
		transport, err := fabric.Transport(w.linkConfig(link.Seed{1}))
		if err != nil {
			t.Fatal(err)
		}
		l, err := transport.Listen(entry.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() { // ends with the listener
			for {
				if _, err := l.Accept(context.Background()); err != nil {
					return
				}
			}
		}()
		from := Links(func() (link.Transport, error) {
			return fabric.Transport(w.linkConfig(link.Seed{20}))
		})
		for _, patience := range []time.Duration{time.Second, time.Hour} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			began := time.Now()
			_, err := from.Fetch(ctx, entry, 5)
			cancel()
			if took := time.Since(began); !errors.Is(err, ErrUnreached) ||
				took != min(patience, fetchTimeout) {
				t.Errorf("with a patience of %s: %v after %s", patience, err, took)
			}
		}
	})
}
