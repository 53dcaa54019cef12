package mix

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transcript"
	"murmuration/internal/transit"
)

var epoch0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// bench is a relay driven by the lines of a transcript. Times are milliseconds after epoch0.
type bench struct {
	relay *Relay
	now   time.Time
}

func newBench(t *testing.T) func(string) string {
	b := &bench{relay: NewRelay(4, nil), now: epoch0}
	b.relay.SetRules(Rules{DelayLimit: 10 * time.Second,
		Next: map[directory.NodeID]struct{}{{'a'}: {}, {'b'}: {}}})
	return func(line string) string {
		out, err := b.do(strings.Fields(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return out
	}
}

func (b *bench) do(w []string) (string, error) {
	switch w[0] {
	case "mix": // mix LIMIT DELAYS SLOW
		n := numbers(w[1:])
		b.relay = NewRelay(n[0], nil)
		b.relay.SetRules(Rules{DelayLimit: time.Duration(n[1]) * time.Millisecond,
			SlowLimit: time.Duration(n[2]) * time.Millisecond,
			Next:      map[directory.NodeID]struct{}{{'a'}: {}, {'b'}: {}}})
	case "held":
		return fmt.Sprint(b.relay.Held()), nil
	case "epoch": // epoch N FROM UNTIL CAPACITY
		n := numbers(w[1:])
		b.relay.OpenEpoch(directory.Epoch(n[0]), ms(n[1]), ms(n[2]),
			replay.NewSet(n[3], replay.Secret{1}))
	case "close":
		b.relay.CloseEpoch(directory.Epoch(numbers(w[1:])[0]))
	case "at":
		b.now = ms(numbers(w[1:])[0])
	case "packet": // packet TAG TO DELAY EPOCH
		n := numbers(w[3:])
		return b.relay.Receive(b.now, arrival(w[1], w[2], n[0], n[1])).String(), nil
	case "deliver":
		a := arrival(w[1], "", 0, 0)
		a.Hop.Kind = sphinx.Deliver
		return b.relay.Receive(b.now, a).String(), nil
	case "fresh":
		var out []string
		for _, s := range b.relay.TakeFresh(nil) {
			out = append(out, fmt.Sprintf("tag %c epoch %d ticket %d", s.Tag[0], s.Epoch, s.Ticket))
		}
		return strings.Join(out, "\n"), nil
	case "persisted":
		b.relay.Persisted(uint64(numbers(w[1:])[0]))
	case "due":
		return b.due(), nil
	default:
		return "", fmt.Errorf("no such line")
	}
	return "", nil
}

func (b *bench) due() string {
	out, err := b.relay.Due(b.now, nil)
	lines := []string{}
	for _, d := range out {
		lines = append(lines, fmt.Sprintf("%s leaves to %c", d.Packet, d.To[0]))
	}
	if err != nil {
		lines = append(lines, err.Error())
	}
	next := "nothing more"
	if t, ok := b.relay.Next(); ok {
		next = fmt.Sprintf("next at %d", t.Sub(epoch0).Milliseconds())
	}
	return strings.Join(append(lines, next), "\n")
}

func arrival(tag, to string, delay, epoch int) transit.Arrival {
	a := transit.Arrival{Epoch: directory.Epoch(epoch), Packet: []byte(tag),
		Hop: sphinx.Result{Kind: sphinx.Forward, Delay: time.Duration(delay) * time.Millisecond}}
	copy(a.Hop.Tag[:], tag)
	copy(a.Hop.Next[:], to)
	return a
}

func ms(n int) time.Time { return epoch0.Add(time.Duration(n) * time.Millisecond) }

func numbers(words []string) []int {
	out := make([]int, len(words))
	for i, w := range words {
		out[i], _ = strconv.Atoi(w)
	}
	return out
}

func TestRelayTranscripts(t *testing.T) { transcript.Run(t, "testdata/relay-*.txt", newBench) }

// TestSameCallsSameDepartures: a core has no hidden state, so that one sequence of calls gives one
// sequence of departures.
func TestSameCallsSameDepartures(t *testing.T) {
	trace := func(seed int) string {
		do := newBench(t)
		var out strings.Builder
		do("epoch 0 0 100000 1000")
		for i := range 200 {
			fmt.Fprintln(&out, do(fmt.Sprintf("at %d", i*10)),
				do(fmt.Sprintf("packet %d a %d 0", i*seed, (i*7919*seed)%300)),
				do("fresh"), do(fmt.Sprintf("persisted %d", i)), do("due"))
		}
		return out.String()
	}
	first, again := trace(3), trace(3)
	if first != again {
		t.Error("two runs of the same calls differ")
	}
	if first == trace(5) {
		t.Error("control: two runs of different calls agree")
	}
}

// TestNoDocumentNothingIsTaken: without rules neither what goes on nor what ends here is taken in.
func TestNoDocumentNothingIsTaken(t *testing.T) {
	r := NewRelay(4, nil)
	r.OpenEpoch(0, epoch0, ms(1000), replay.NewSet(4, replay.Secret{1}))
	if reason := r.Receive(epoch0, arrival("p", "a", 0, 0)); reason != noDocument {
		t.Errorf("a packet that goes on: %v", reason)
	}
	if _, reason := r.Admit(epoch0, arrival("p", "", 0, 0)); reason != noDocument {
		t.Errorf("a packet that ends here: %v", reason)
	}
}

// TestLoopsComeBackOnce: what ends at a mix is a loop that is on its way, or it is dropped.
func TestLoopsComeBackOnce(t *testing.T) {
	loops := &Loops{returns: NewReturns()}
	loops.returns.Sent(sphinx.RecipientID{7}, directory.NodeID{'a'}, directory.NodeID{'b'}, ms(500))
	r := NewRelay(4, loops)
	r.SetRules(Rules{Next: map[directory.NodeID]struct{}{}})
	r.OpenEpoch(0, epoch0, ms(1000), replay.NewSet(4, replay.Secret{1}))
	for _, c := range []struct {
		tag  string
		id   byte
		want transit.Reason
	}{{"p", 8, UnknownLoop}, {"q", 7, transit.Accepted}, {"q", 7, Replayed}, {"r", 7,
		UnknownLoop}} {
		a := arrival(c.tag, "", 0, 0)
		a.Hop.Kind, a.Hop.Recipient = sphinx.Deliver, sphinx.RecipientID{c.id}
		if reason := r.Receive(epoch0, a); reason != c.want {
			t.Errorf("packet %s with loop %d: %v, want %v", c.tag, c.id, reason, c.want)
		}
	}
}
