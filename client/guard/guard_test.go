package guard

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/transcript"
)

// TestGuardTranscripts runs the files in testdata. Times are counted from a Monday morning; a guard
// is observed once a minute.
//
//	lists P…                    the providers of the newest document
//	choose NAME|- SERVED|-      draws the guards
//	full                        the one in use has no place
//	guards                      who they are, and which of their seeds are which
//	replies every D|never       how often a reply comes back from now on
//	loops SHARE OF              what of the last loops came back
//	withholds N OF              of today's bulletins
//	dry | wet                   it brings no write tokens, or does
//	live D                      lets time go by; what changes is a line
//	off D                       the client is off or asleep
//	restart                     what is kept goes on
func TestGuardTranscripts(t *testing.T) {
	transcript.Run(t, "testdata/*.txt", func(t *testing.T) func(string) string {
		w := &watched{t: t, now: begin, rng: rand.New(rand.NewPCG(1, 2))}
		return w.obey
	})
}

var begin = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

type watched struct {
	t       *testing.T
	g       Guards
	doc     directory.Document
	now     time.Time
	rng     *rand.Rand
	every   time.Duration
	next    time.Time // reply
	signs   Signs
	seed    byte
	healthy bool
	trace   strings.Builder
}

func (w *watched) obey(line string) string {
	w.trace.Reset()
	words := strings.Fields(line)
	switch args := words[1:]; words[0] {
	case "lists":
		w.doc = directory.Document{}
		for _, name := range args {
			w.doc.Nodes = append(w.doc.Nodes, directory.Node{
				ID: id(name), Name: name, Role: directory.RoleProvider})
		}
	case "choose":
		name := strings.Trim(args[0], "-")
		if err := w.g.Choose(&w.doc, name, id(args[1]), w.seeds(), w.rng); err != nil {
			w.note("%v, %v", err, errors.Is(err, ErrNoProvider))
		}
	case "full":
		w.note("another one: %v", w.g.Refuse(&w.doc, w.seeds(), w.rng))
	case "guards":
		for _, one := range w.g.List {
			w.note("%s with seed %d", name(one.Node), one.Seed[0])
		}
	case "replies":
		w.every = 0
		if args[0] == "every" {
			w.every, w.next = w.span(args[1]), w.now
		}
	case "loops":
		w.signs.Loops, w.signs.Of = w.share(args[0]), int(w.share(args[1]))
		w.signs.Window, w.signs.Span = 64, 3*time.Hour
	case "withholds":
		w.signs.Withheld, w.signs.Expected = uint64(w.share(args[0])), uint64(w.share(args[1]))
	case "dry", "wet":
		w.signs.Dry = words[0] == "dry"
	case "live":
		w.live(w.now.Add(w.span(args[0])))
	case "off":
		w.now = w.now.Add(w.span(args[0]))
	case "restart":
		w.g = Guards{List: w.g.List, Failing: w.g.Failing, Given: w.g.Given, Served: w.g.Served}
		w.signs.Replied = time.Time{}
	default:
		w.t.Fatalf("unknown line %q", line)
	}
	return w.trace.String()
}

func (w *watched) note(format string, args ...any) {
	fmt.Fprintf(&w.trace, "%s  %s\n", w.now.Sub(begin), fmt.Sprintf(format, args...))
}

func (w *watched) live(until time.Time) {
	saves := 0
	for ; w.now.Before(until); w.now = w.now.Add(time.Minute) {
		if w.every > 0 && !w.now.Before(w.next) {
			w.signs.Replied, w.next = w.now, w.now.Add(w.every)
		}
		v := w.g.Observe(w.now, w.signs)
		if v.Save {
			saves++
		}
		if w.g.Healthy() != w.healthy {
			w.healthy = !w.healthy
			w.note("healthy %v, failing for %v, withholds %v", w.healthy, w.g.Failing,
				w.g.Withholds())
		}
		if v.Failed {
			w.g.TakeOver(&w.doc, w.seeds(), w.rng)
			w.signs.Replied, w.healthy = time.Time{}, false
			w.note("failed: %s takes over, lost %v", name(w.g.List[0].Node), w.g.Lost())
		}
	}
	w.note("failing for %v, kept %d times", w.g.Failing, saves)
}

func (w *watched) seeds() (s [2][32]byte) {
	for i := range s {
		w.seed++
		s[i][0] = w.seed
	}
	return s
}

func (w *watched) span(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *watched) share(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func id(name string) (id directory.NodeID) {
	copy(id[:], name)
	return id
}

func name(id directory.NodeID) string { return strings.TrimRight(string(id[:]), "\x00") }

// TestYield: the other guard takes over from one that no document lists which serves, and from no
// other.
func TestYield(t *testing.T) {
	listing := func(names ...string) *directory.Document {
		d := new(directory.Document)
		for _, name := range names {
			d.Nodes = append(d.Nodes, directory.Node{ID: id(name), Role: directory.RoleProvider})
		}
		return d
	}
	with, without, none := listing("a", "b", "c"), listing("b", "c"), listing("c")
	for name, c := range map[string]struct {
		docs []*directory.Document
		want bool
	}{
		"struck out":         {[]*directory.Document{without, without, without}, true},
		"listed":             {[]*directory.Document{with, with, with}, false},
		"back again":         {[]*directory.Document{with, without, without}, false},
		"missed two":         {[]*directory.Document{without, without, with}, false},
		"what was is hidden": {[]*directory.Document{without, without}, false},
		"neither listed":     {[]*directory.Document{none, none, none}, false},
	} {
		g := Guards{List: []Guard{{Node: id("a")}, {Node: id("b")}}, Failing: time.Hour}
		if g.Yield(c.docs) != c.want || (g.List[0].Node == id("b")) != c.want || len(g.List) != 2 ||
			(g.Failing == 0) != c.want {
			t.Errorf("%s: %+v", name, g)
		}
	}
	alone := Guards{List: []Guard{{Node: id("a")}}}
	if alone.Yield([]*directory.Document{without, without, without}) {
		t.Error("a lone guard yields to nobody")
	}
}
