package directory

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"murmuration/internal/transcript"
)

// TestTallyTranscripts runs the files in testdata/tally: input lines, a line of four dashes, the
// trace.
//
//	authorities N                     the network has authorities a1 … aN
//	epoch E                           whose document is voted on: without it, the next one's
//	node NAME [cap=N] [family=F] [packets=N] [storing=no]    m… is a mix, others are providers
//	vote NAME lists NODE…             NODE? is on probation, NODE! is false
//	vote NAME says KEY=N lists NODE…  payload_every (ms), watched_boxes or layers is another
//	tally                             and the document becomes the previous one
//
// A node keeps its description until another line changes it.
func TestTallyTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/tally/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("found %d transcripts: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := strings.Cut(strings.ReplaceAll(string(b), "\r\n", "\n"), "----\n")
			got := runTranscript(t, input)
			if transcript.Rewriting() {
				if err := os.WriteFile(file, []byte(input+"----\n"+got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s\n(go test -run TestTallyTranscripts -rewrite, and "+
					"read the diff)", got, want)
			}
		})
	}
}

// clerk carries the state of one transcript.
type clerk struct {
	t        *testing.T
	g        *Genesis
	epoch    Epoch
	previous *Document
	nodes    map[string][]func(*Descriptor)
	votes    []*Vote
	trace    strings.Builder
}

func runTranscript(t *testing.T, input string) string {
	c := &clerk{t: t, g: testGenesis(t, 1), nodes: map[string][]func(*Descriptor){}}
	for line := range strings.Lines(input) {
		words := strings.Fields(line)
		if len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			c.obey(words)
		}
	}
	return c.trace.String()
}

func (c *clerk) obey(words []string) {
	switch words[0] {
	case "authorities":
		c.g = testGenesis(c.t, int(number(c.t, words[1])))
	case "epoch":
		c.epoch = Epoch(number(c.t, words[1]))
	case "node":
		c.nodes[words[1]] = nil
		for _, w := range words[2:] {
			c.nodes[words[1]] = append(c.nodes[words[1]], trait(c.t, w))
		}
	case "vote":
		c.vote(words[1:])
	case "tally":
		c.tally()
	default:
		c.t.Fatalf("unknown line %q", words)
	}
}

func number(t *testing.T, s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func trait(t *testing.T, word string) func(*Descriptor) {
	key, value, _ := strings.Cut(word, "=")
	switch key {
	case "cap":
		return func(d *Descriptor) { d.Capacity = number(t, value) }
	case "packets":
		return func(d *Descriptor) { d.Packets = number(t, value) }
	case "family":
		return func(d *Descriptor) { d.Family = value }
	case "storing":
		return func(d *Descriptor) { d.Storing = value != "no" }
	}
	t.Fatalf("unknown trait %q", word)
	return nil
}

func (c *clerk) vote(words []string) {
	name, by := words[0], identity(words[0])
	v := &Vote{Network: c.g.ID(), Epoch: c.epoch, By: by.ID(), Parameters: c.g.Parameters}
	if c.previous != nil {
		v.Previous = c.previous.Digest()
	}
	words = words[1:]
	if words[0] == "says" {
		key, value, _ := strings.Cut(words[1], "=")
		n := number(c.t, value)
		switch key {
		case "payload_every":
			v.Parameters.PayloadEvery = fromMillis(uint32(n))
		case "stream_per_day":
			v.Parameters.StreamPerDay = int(n)
		case "layers":
			v.Parameters.Layers = int(n)
		case "previous":
			v.Previous = Digest{byte(n)}
		default:
			c.t.Fatalf("unknown value %q", key)
		}
		words = words[2:]
	}
	for _, w := range words[1:] {
		name, lied := strings.CutSuffix(w, "!")
		name, probation := strings.CutSuffix(name, "?")
		if lied {
			v.False = append(v.False, identity(name).ID())
		}
		v.Listings = append(v.Listings,
			Listing{describe(c.t, c.g, name, c.epoch, c.nodes[name]...), probation})
	}
	v.Sign(by)
	if err := v.verify(c.g); err != nil {
		fmt.Fprintf(&c.trace, "  vote refused: %v\n",
			strings.ReplaceAll(err.Error(), by.ID().String(), name))
		return
	}
	c.votes = append(c.votes, v)
}

func (c *clerk) tally() {
	fmt.Fprintf(&c.trace, "epoch %d\n", c.epoch)
	o, err := tally(c.g, c.previous, c.epoch, c.votes)
	for _, n := range o.Notes {
		fmt.Fprintf(&c.trace, "  %s\n", n)
	}
	if err != nil {
		fmt.Fprintf(&c.trace, "  no document: %v\n", err)
	} else {
		c.show(o.Document)
		c.previous = o.Document
	}
	c.votes = nil
	c.epoch++
}

func (c *clerk) show(d *Document) {
	names := map[NodeID]string{}
	for layer := 0; layer <= d.Parameters.Layers; layer++ {
		var list []string
		for _, n := range d.Nodes {
			names[n.ID] = n.Name
			if n.Layer == layer {
				list = append(list, fmt.Sprintf("%s%s(%d)", n.Name,
					map[bool]string{true: "?"}[n.Probation], n.Packets))
			}
		}
		fmt.Fprintf(&c.trace, "  layer %d: %s\n", layer, strings.Join(list, " "))
	}
	for _, s := range d.Storing {
		var list []string
		for _, id := range s.Nodes {
			list = append(list, cmp.Or(names[id], "(gone)"))
		}
		fmt.Fprintf(&c.trace, "  day %d: %s\n", s.Day, strings.Join(list, " "))
	}
	p := d.Parameters
	fmt.Fprintf(&c.trace, "  payload_every %s, stream_per_day %d, layers %d\n", p.PayloadEvery,
		p.StreamPerDay, p.Layers)
}
