package sender_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/client/sender"
)

var rewrite = flag.Bool("rewrite", false, "write the transcripts anew; read the diff")

// TestTranscripts plays testdata/*.txt: commands, a line of four hyphens, and what a sender then
// does. The same seed gives the same transcript, always.
func TestTranscripts(t *testing.T) {
	t.Parallel()
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
				err := os.WriteFile(file, []byte(got), 0o644)
				if err != nil {
					t.Fatal(err)
				}
			} else if got != string(raw) {
				t.Errorf("the transcript is now\n%s", got)
			}
		})
	}
}

// stage is a sender in a world, driven by a transcript.
type stage struct {
	*network
	*person
	shelf   *shelf
	author  *author
	began   time.Time
	shown   int // lines of the trace
	replies int
}

// play runs the commands of each block and writes what came of them below it.
func play(t *testing.T, script string) string {
	n := newNetwork(t, 1, testParameters())
	p, shelf := n.fetcher(1)
	s := &stage{network: n, person: p, shelf: shelf, author: n.newAuthor(5), began: n.Now()}
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(script), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s\n----\n", commands)
		for line := range strings.SplitSeq(commands, "\n") {
			if !strings.HasPrefix(line, "#") {
				s.do(line, &out)
			}
		}
	}
	return out.String()
}

func (s *stage) do(line string, out *strings.Builder) {
	verb, rest, _ := strings.Cut(line, " ")
	n := 0
	fmt.Sscan(rest, &n)
	switch verb {
	case "write":
		if err := s.Enqueue(s.network.Now(), write(uint64(n), s.author.seal(0, rest))); err != nil {
			fmt.Fprintf(out, "refused: %v\n", err)
		}
	case "fetch":
		s.shelf.live = append(s.shelf.live, s.shelf.fetch(uint64(n)))
	case "cancel":
		s.Cancel(uint64(n))
	case "loss":
		s.Links.LoseAll(float64(n) / 100)
	case "reconnect":
		s.person.Leave()
		s.Return()
	case "run":
		d, err := time.ParseDuration(rest)
		if err != nil {
			s.network.t.Fatalf("%s: %v", line, err)
		}
		s.run(d)
		s.show(out)
	case "stats":
		st := s.Stats()
		share, of := s.Loops()
		fmt.Fprintf(out, "sent %v, resent %d, replies %d, skipped %d, refused %v, loops %.2f of "+
			"%d, waiting %d\n",
			st.Sent, st.Resent, st.Replies, st.Skipped, st.Refused, share, of, s.Waiting())
	default:
		s.network.t.Fatalf("no such command: %s", line)
	}
}

// show prints the exchanges since the last time, and the events.
func (s *stage) show(out *strings.Builder) {
	for i := s.shown; i < len(s.sent); i++ {
		sent, at := s.sent[i], s.times[i]
		what := sent.Stream.String()
		if sent.Work {
			what += fmt.Sprintf(" work %d", sent.Token)
		}
		fmt.Fprintf(out, "%8.3f %s, delays %v\n", at.Sub(s.began).Seconds(), what, sent.Delays)
	}
	s.shown = len(s.sent)
	for ; s.replies < len(s.person.events); s.replies++ {
		e := s.person.events[s.replies]
		if e.Kind == sender.Nothing {
			continue
		}
		kind := map[sender.EventKind]string{sender.Fetched: "fetched",
			sender.Answered: "answered"}[e.Kind]
		fmt.Fprintf(out, "         %s %d: %v\n", kind, e.Token, e.Reply.Status)
	}
}
