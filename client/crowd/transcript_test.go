package crowd

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/client/board"
	"murmuration/client/sender"
	"murmuration/internal/box"
)

var rewrite = flag.Bool("rewrite", false, "write the transcripts anew; read the diff")

// TestTranscripts plays testdata/*.txt: commands, a line of four hyphens, and what a crowd then
// asks for. The same seed gives the same transcript, always.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d transcripts, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, strings.ReplaceAll(string(raw), "\r\n", "\n"))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(raw) {
				t.Errorf("the transcript is now\n%s", got)
			}
		})
	}
}

// stage is a client in a town, driven by a transcript: p1 is its provider, p2 to p4 the others.
type stage struct {
	*house
	t     *testing.T
	names map[box.Entry]string
	mute  bool
}

func play(t *testing.T, script string) string {
	w := newTown(t, 4)
	s := &stage{house: w.client(1), t: t, names: map[box.Entry]string{}}
	s.now = start.Add(10 * every)
	s.seen = s.now
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(script), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s\n----\n", commands)
		for line := range strings.SplitSeq(commands, "\n") {
			if !strings.HasPrefix(line, "#") {
				s.do(strings.Fields(line), &out)
			}
		}
	}
	return out.String()
}

func (s *stage) do(words []string, out *strings.Builder) {
	verb, rest := words[0], words[1:]
	switch verb {
	case "listed": // a name, and what else is said of it
		s.list(rest)
	case "rate":
		fmt.Sscan(rest[0], &s.town.rate)
	case "silent":
		s.town.silent[s.maker(rest[0])] = true
	case "liar":
		s.town.lies[s.maker(rest[0])] = true
	case "mute":
		s.mute = rest[0] == "on"
	case "slots": // so many, every ten seconds
		n := 0
		fmt.Sscan(rest[0], &n)
		for range n {
			s.slot(out)
		}
	case "wait":
		d, err := time.ParseDuration(rest[0])
		if err != nil {
			s.t.Fatal(err)
		}
		s.now = s.now.Add(d)
		s.seen = s.now
	case "stats":
		fmt.Fprintf(out, "%+v, mark %d\n", s.Stats(), s.mark())
	default:
		s.t.Fatalf("no such command: %v", words)
	}
}

func (s *stage) maker(name string) (id [32]byte) {
	fmt.Sscanf(name, "p%d", &id[0])
	return id
}

func (s *stage) list(words []string) {
	slot := s.Crowd.slot(s.now) - 1
	p := s.town.post(slot)
	s.names[p.Entry] = words[0]
	for _, word := range words[1:] {
		switch word {
		case "read":
			s.follow(p, 1)
		case "missed":
			p.Missed = true
		case "withheld":
			p.Withheld = true
		case "by":
		default: // makers
			i := strings.Index(words[len(words)-1], ",")
			first, second := words[len(words)-1][:i], words[len(words)-1][i+1:]
			b := s.town.box(p)
			p.First, p.Second = board.Listing{Maker: s.maker(first), Slot: slot},
				board.Listing{Maker: s.maker(second), Slot: slot}
			for _, l := range []board.Listing{p.First, p.Second} {
				s.town.boxes[key{l.Maker, box.FetchKey{Slot: slot, Entry: p.Entry}}] = b
			}
			s.town.holds[b.ID] = ids(p.First.Maker, p.Second.Maker)
		}
	}
	s.Listed(s.now, p)
}

// slot asks what a work slot carries, and answers at once.
func (s *stage) slot(out *strings.Builder) {
	live := s.Live(s.now)
	f, ok := s.Take(s.now, live)
	at := s.now.Sub(start).Seconds()
	if !ok {
		fmt.Fprintf(out, "%6.0f nothing\n", at)
		return
	}
	kind := map[bool]string{true: "live", false: "idle"}[live]
	what := fmt.Sprintf("%s of p%d", s.names[f.Key.Entry], f.Holder[0])
	if f.Op == box.OpBulletin {
		what = fmt.Sprintf("a question of p%d", f.Holder[0])
	}
	if f.Slow {
		what += ", slow"
	}
	s.Sent(f.Token, s.now, s.now.Add(time.Minute))
	if !s.mute {
		r := s.town.asks(f)
		a := s.Answered(sender.Event{Token: f.Token, Holder: f.Holder, Reply: r})
		what += ": " + r.Status.String()
		if len(a.Found) > 0 {
			what += ", read"
		}
	}
	fmt.Fprintf(out, "%6.0f %s %s\n", at, kind, what)
	s.now = s.now.Add(10 * time.Second)
}
