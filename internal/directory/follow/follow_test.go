package follow

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/transcript"
	"murmuration/sim/world"
)

// TestFollowerTranscripts runs the files in testdata. Epochs have an hour, and times are
// counted from the start of epoch 0.
//
//	client | node | lone               who follows; a node has a history of two epochs, and who
//	                                   is lone asks one entry only, as a client asks its guard
//	signed E…                          the documents that the authorities have signed
//	without ENTRY E…                   an entry that does not have these
//	fork E ENTRY                       an entry with another document for an epoch, as well signed
//	stray E ENTRY                      an entry with one that does not follow the document before
//	forge E ENTRY                      an entry with one that no authority signed
//	down ENTRY… | up ENTRY…            entries that cannot be reached
//	start TIME [E…]                    a follower with the documents of its last run
//	until TIME                         lets it do what it wants; each step is a line
//	at TIME                            the clock is set; nothing is lived through
//	add E                              a document comes by itself
//	held                               what is at hand
//	quiet                              fetches in vain are only counted from here on
func TestFollowerTranscripts(t *testing.T) {
	transcript.Run(t, "testdata/*.txt", func(t *testing.T) func(string) string {
		return newFollowed(t).obey
	})
}

// followed is a network as a follower sees it.
type followed struct {
	t      *testing.T
	w      *world.World
	g      *directory.Genesis
	start  time.Time
	made   map[string]*directory.Document // that the world has not
	signed map[directory.Epoch]bool
	odd    map[string]string // "ENTRY E": fork, stray, forge or without
	down   map[string]bool
	node   bool
	lone   bool
	f      *Follower
	now    time.Time
	quiet  bool
	vain   int // fetches since the last line of the trace
	trace  strings.Builder
}

// signing is a world that has signed documents for longer than any transcript lasts.
var signing = sync.OnceValues(func() (*world.World, error) {
	p := world.Quick()
	p.EpochLength, p.MixLoopEvery, p.BulletinEvery = time.Hour, time.Minute, 15*time.Minute
	drawn, err := world.ParseNetwork("p1 p2 p3 -> [m1] -> [m2] -> [m3]")
	if err != nil {
		return nil, err
	}
	w, err := world.New(world.Config{Seed: 1, Network: drawn, Parameters: p, Null: true})
	if err != nil {
		return nil, err
	}
	return w, w.Run(31 * time.Hour)
})

func newFollowed(t *testing.T) *followed {
	w, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	return &followed{t: t, w: w, g: w.Genesis(), start: w.Genesis().Start,
		made:   map[string]*directory.Document{},
		signed: map[directory.Epoch]bool{}, odd: map[string]string{}, down: map[string]bool{}}
}

func (w *followed) obey(line string) string {
	w.trace.Reset()
	words := strings.Fields(line)
	switch args := words[1:]; words[0] {
	case "client", "node", "lone":
		w.node, w.lone = words[0] == "node", words[0] == "lone"
	case "signed":
		for _, e := range args {
			w.signed[w.epoch(e)] = true
		}
	case "without":
		for _, e := range args[1:] {
			w.odd[args[0]+" "+e] = "without"
		}
	case "fork", "stray", "forge":
		w.odd[args[1]+" "+args[0]] = words[0]
	case "down", "up":
		for _, entry := range args {
			w.down[entry] = words[0] == "down"
		}
	case "start":
		w.begin(args[0], args[1:])
	case "until":
		w.live(w.time(args[0]))
	case "at":
		w.now = w.time(args[0])
	case "add":
		w.note("add %s%s", args[0], because(w.f.Add(w.document("", args[0]))))
	case "quiet":
		w.quiet = true
	case "held":
		w.note("held %v, trouble: %s", w.f.Chain().Epochs(), w.f.Trouble())
	default:
		w.t.Fatalf("unknown line %q", line)
	}
	return w.trace.String()
}

func (w *followed) epoch(s string) directory.Epoch {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return directory.Epoch(n)
}

func (w *followed) time(s string) time.Time {
	d, err := time.ParseDuration(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.start.Add(d)
}

// digests are not what a transcript is about.
var digests = regexp.MustCompile("[0-9a-f]{64}")

func (w *followed) note(format string, args ...any) {
	if w.vain > 0 {
		fmt.Fprintf(&w.trace, "  … %d fetches in vain\n", w.vain)
		w.vain = 0
	}
	text := digests.ReplaceAllString(fmt.Sprintf(format, args...), "…")
	fmt.Fprintf(&w.trace, "%s  %s\n", w.now.Sub(w.start).Truncate(time.Second), text)
}

func because(err error) string {
	if err == nil {
		return ""
	}
	kind := "refused"
	for _, known := range []error{directory.ErrTwoDocuments, directory.ErrBrokenChain,
		directory.ErrOlder, directory.ErrSignature, directory.ErrNoDocument,
		directory.ErrFewSignatures} {
		if errors.Is(err, known) {
			kind = known.Error()
		}
	}
	return ": " + kind
}

func (w *followed) begin(at string, kept []string) {
	w.now = w.time(at)
	cfg := Config{Genesis: w.g, Rand: rand.New(rand.NewChaCha8([32]byte{7})),
		RetryFirst: time.Second, RetryLast: w.g.Parameters.EpochLength / 8}
	if w.node {
		cfg.History, cfg.Early = 2, true
		cfg.RetryFirst, cfg.RetryLast = 250*time.Millisecond, 15*time.Second
	}
	if w.lone {
		cfg.Entries = 1
	}
	w.f = New(cfg)
	for _, e := range kept {
		if err := w.f.Add(w.document("", e)); err != nil {
			w.t.Fatal(err)
		}
	}
}

// live does what the follower wants, whose fetches take a second.
func (w *followed) live(until time.Time) {
	for {
		step := w.f.Due(w.now)
		switch step.Do {
		case Use:
			w.note("use %d", step.Document.Epoch)
		case Expire:
			w.note("expire")
		case Prepare:
			w.note("prepare %d", step.Document.Epoch)
		case Report:
			w.note("report %s", strings.ReplaceAll(step.Trouble.String(), "network document ", ""))
		case Fetch:
			w.fetch(step)
		case Nothing:
			next := w.f.Next(w.now)
			if next.After(until) {
				w.now = later(w.now, until)
				return
			}
			w.now = next
		}
	}
}

func (w *followed) fetch(step Step) {
	entry, asked := w.g.Entries[step.Entry].Name, "latest"
	if step.Epoch != directory.Latest {
		asked = fmt.Sprint(step.Epoch)
	}
	began := w.now
	w.now = w.now.Add(time.Second)
	doc, err := w.answer(entry, step.Epoch)
	err = w.f.Answered(w.now, doc, err)
	if asked == "latest" && doc != nil {
		asked = fmt.Sprintf("latest (%d)", doc.Epoch)
	}
	if w.quiet && err != nil {
		w.vain++
		return
	}
	ended := w.now
	w.now = began
	w.note("fetch %s from %s%s", asked, entry, because(err))
	w.now = ended
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (w *followed) answer(entry string, e directory.Epoch) (*directory.Document, error) {
	if w.down[entry] {
		return nil, errors.New("it cannot be reached")
	}
	if e == directory.Latest {
		for s := range w.signed {
			if w.odd[fmt.Sprintf("%s %d", entry, s)] != "without" &&
				(e == directory.Latest || s > e) {
				e = s
			}
		}
	}
	if !w.signed[e] || w.odd[fmt.Sprintf("%s %d", entry, e)] == "without" {
		return nil, directory.ErrNoDocument
	}
	return w.document(entry, fmt.Sprint(e)), nil
}

// document is the one of an epoch that an entry has.
func (w *followed) document(entry, epoch string) *directory.Document {
	signed, odd := w.w.Document(w.epoch(epoch)), w.odd[entry+" "+epoch]
	if odd == "" || odd == "without" {
		return signed
	}
	if w.made[odd+epoch] == nil {
		w.made[odd+epoch] = w.other(signed, odd)
	}
	return w.made[odd+epoch]
}

func (w *followed) other(signed *directory.Document, odd string) *directory.Document {
	d := *signed
	d.Nodes, d.Signatures = slices.Clone(d.Nodes), nil
	switch odd {
	case "fork":
		d.Nodes[0].Packets = 990
	case "stray":
		d.Previous[0] ^= 1
	}
	d.Sign(w.w.NodeOf(w.g.Authorities[0].ID).Identity())
	if odd == "forge" {
		d.Signatures[0].Bytes[3] ^= 1
	}
	return &d
}
