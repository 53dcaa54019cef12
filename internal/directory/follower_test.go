package directory

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"murmuration/internal/transcript"
)

// TestFollowerTranscripts runs the files in testdata/follower. Epochs have an hour, and times are
// counted from the start of epoch 0.
//
//	client | node                      who follows; a node keeps a history of two epochs
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
	transcript.Run(t, "testdata/follower/*.txt", func(t *testing.T) func(string) string {
		return newFollowed(t).obey
	})
}

// followed is a network as a follower sees it.
type followed struct {
	t      *testing.T
	g      *Genesis
	made   map[string]*Document
	signed map[Epoch]bool
	odd    map[string]string // "ENTRY E": fork, stray, forge or without
	down   map[string]bool
	node   bool
	f      *Follower
	now    time.Time
	quiet  bool
	vain   int // fetches since the last line of the trace
	trace  strings.Builder
}

func newFollowed(t *testing.T) *followed {
	p := testParameters(t)
	p.EpochLength, p.Grace = time.Hour, 15*time.Minute
	var list []Authority
	for i := range 3 {
		name := fmt.Sprintf("a%d", i+1)
		list = append(list, Authority{name, identity(name).ID(), fmt.Sprintf("127.0.0.1:%d", 7001+i)})
	}
	g, err := NewGenesis("test", testStart, p, list[:1], list)
	if err != nil {
		t.Fatal(err)
	}
	return &followed{t: t, g: g, made: map[string]*Document{}, signed: map[Epoch]bool{}, odd: map[string]string{},
		down: map[string]bool{}}
}

func (w *followed) obey(line string) string {
	w.trace.Reset()
	words := strings.Fields(line)
	switch args := words[1:]; words[0] {
	case "client", "node":
		w.node = words[0] == "node"
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
		w.start(args[0], args[1:])
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

func (w *followed) epoch(s string) Epoch { return Epoch(number(w.t, s)) }

func (w *followed) time(s string) time.Time {
	d, err := time.ParseDuration(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return testStart.Add(d)
}

func (w *followed) note(format string, args ...any) {
	if w.vain > 0 {
		fmt.Fprintf(&w.trace, "  … %d fetches in vain\n", w.vain)
		w.vain = 0
	}
	fmt.Fprintf(&w.trace, "%s  %s\n", w.now.Sub(testStart).Truncate(time.Second), fmt.Sprintf(format, args...))
}

func because(err error) string {
	if err == nil {
		return ""
	}
	kind := "refused"
	for _, known := range []error{ErrTwoDocuments, ErrBrokenChain, ErrOlder, ErrSignature, ErrNoDocument, ErrFewSignatures} {
		if errors.Is(err, known) {
			kind = known.Error()
		}
	}
	return ": " + kind
}

func (w *followed) start(at string, kept []string) {
	w.now = w.time(at)
	cfg := FollowerConfig{Genesis: w.g, Rand: rand.New(rand.NewChaCha8([32]byte{7})),
		RetryFirst: time.Second, RetryLast: w.g.Parameters.EpochLength / 8}
	if w.node {
		cfg.History, cfg.Early = 2, true
		cfg.RetryFirst, cfg.RetryLast = 250*time.Millisecond, 15*time.Second
	}
	w.f = NewFollower(cfg)
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
		switch step.Follow {
		case FollowUse:
			w.note("use %d", step.Document.Epoch)
		case FollowExpire:
			w.note("expire")
		case FollowPrepare:
			w.note("prepare %d", step.Document.Epoch)
		case FollowReport:
			w.note("report %s", strings.ReplaceAll(step.Trouble.String(), "network document ", ""))
		case FollowFetch:
			w.fetch(step)
		case FollowNothing:
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
	if step.Epoch != Latest {
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

func (w *followed) answer(entry string, e Epoch) (*Document, error) {
	if w.down[entry] {
		return nil, errors.New("it cannot be reached")
	}
	if e == Latest {
		for s := range w.signed {
			if w.odd[fmt.Sprintf("%s %d", entry, s)] != "without" && (e == Latest || s > e) {
				e = s
			}
		}
	}
	if !w.signed[e] || w.odd[fmt.Sprintf("%s %d", entry, e)] == "without" {
		return nil, ErrNoDocument
	}
	return w.document(entry, fmt.Sprint(e)), nil
}

// document is the one of an epoch that an entry has.
func (w *followed) document(entry, epoch string) *Document {
	e, odd := w.epoch(epoch), w.odd[entry+" "+epoch]
	if d := w.made[odd+epoch]; d != nil {
		return d
	}
	names, previous := someNodes, Digest{}
	if e > 0 {
		previous = w.document("", fmt.Sprint(e-1)).Digest()
	}
	switch odd {
	case "fork":
		names = someNodes[:8]
	case "stray":
		previous = Digest{9}
	}
	d := testDocument(w.t, w.g, e, previous, names...)
	if odd == "forge" {
		d.Signatures[0].Bytes[3] ^= 1
	}
	w.made[odd+epoch] = d
	return d
}
