package provider

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/transcript"
	"murmuration/internal/transit"
	"murmuration/mix"
)

var epoch0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func ms(n int) time.Time { return epoch0.Add(time.Duration(n) * time.Millisecond) }

// script is an edge driven by the lines of a transcript. Times are milliseconds after epoch0;
// clients, tags and SURB ids are single letters.
type script struct {
	edge *Edge
	now  time.Time
}

func newScript(t *testing.T) func(string) string {
	q := &script{now: epoch0, edge: NewEdge(Limits{
		Packets: 4, Replies: 6, Spools: 2, PerSpool: 3, SpoolAge: time.Minute, SpoolIdle: time.Hour,
		SpooledTotal: 4,
	})}
	q.edge.SetDocument(directory.Parameters{
		PayloadEvery: time.Second, LoopEvery: time.Second, DropEvery: time.Second,
		ReplyAllowance: 50 * time.Millisecond,
	})
	q.edge.Relay().SetRules(mix.Rules{DelayLimit: 10 * time.Second,
		Next: map[directory.NodeID]struct{}{{'m'}: {}}})
	q.edge.Relay().OpenEpoch(0, epoch0, epoch0.Add(10*time.Hour),
		replay.NewSet(1000, replay.Secret{1}))
	return func(line string) string {
		out, err := q.do(strings.Fields(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return out
	}
}

func (q *script) do(w []string) (string, error) {
	number := func(i int) int { n, _ := strconv.Atoi(w[i]); return n }
	switch w[0] {
	case "at":
		q.now = ms(number(1))
	case "attach", "detach", "exchange", "clients", "sweep":
		return q.client(w, number), nil
	case "forward", "request", "drop", "service", "reply": // KIND TAG DELAY [CLIENT]
		return q.packet(w, time.Duration(number(2))*time.Millisecond), nil
	case "executed": // executed JOB: the reply is ready now
		return q.edge.Executed(q.now, uint64(number(1)),
			transit.Departure{To: directory.NodeID{'m'},
				Packet: []byte("reply " + w[1])}).String(), nil
	case "abandon":
		q.edge.Abandon(uint64(number(1)))
	case "persisted":
		q.edge.Persisted(uint64(number(1)))
	case "due":
		return q.due(), nil
	default:
		return "", fmt.Errorf("no such line")
	}
	return "", nil
}

func (q *script) client(w []string, number func(int) int) string {
	var key SpoolKey
	if len(w) > 1 {
		copy(key[:], w[1])
	}
	switch w[0] {
	case "attach":
		return fmt.Sprint(q.edge.Attach(q.now, key, ""))
	case "detach":
		q.edge.Detach(q.now, key)
	case "clients":
		known, online := q.edge.Clients()
		return fmt.Sprintf("%d known, %d online", known, online)
	case "sweep":
		return fmt.Sprintf("%d expired", q.edge.Sweep(q.now))
	case "exchange": // exchange CLIENT RECEIVED
		down, reason := q.edge.Exchange(q.now, key, uint64(number(2)))
		what := "dummy"
		if down.Sequence > 0 {
			what = fmt.Sprintf("%d %c %s", down.Sequence, down.SURBID[0], down.Body)
		}
		if reason != transit.Accepted {
			what += ", " + reason.String()
		}
		return what
	}
	return ""
}

func (q *script) packet(w []string, delay time.Duration) string {
	a := transit.Arrival{Packet: []byte(w[1]),
		Hop: sphinx.Result{Kind: sphinx.Deliver, Delay: delay, Payload: []byte("body " + w[1])}}
	copy(a.Hop.Tag[:], w[0]+w[1])
	switch w[0] {
	case "forward":
		a.Hop.Kind, a.Hop.Next = sphinx.Forward, sphinx.NodeID{'m'}
	case "request":
		a.Hop.Recipient = protocol.ServiceBoxes
	case "drop":
		a.Hop.Recipient = protocol.ServiceDrop
	case "service":
		a.Hop.Recipient = sphinx.RecipientID{'?'}
	case "reply":
		a.Hop.Kind = sphinx.Reply
		copy(a.Hop.Recipient[:], w[3])
		copy(a.Hop.SURBID[:], w[1])
	}
	job, reason := q.edge.Receive(q.now, a)
	if job.ID > 0 {
		return fmt.Sprintf("job %d: %s", job.ID, job.Payload)
	}
	return reason.String()
}

func (q *script) due() string {
	out, drops := q.edge.Due(q.now, nil, nil)
	var lines []string
	for _, d := range out {
		lines = append(lines, fmt.Sprintf("%s leaves to %c", d.Packet, d.To[0]))
	}
	for _, r := range drops {
		lines = append(lines, "dropped: "+r.String())
	}
	next := "nothing more"
	if t, ok := q.edge.Next(); ok {
		next = fmt.Sprintf("next at %d", t.Sub(epoch0).Milliseconds())
	}
	return strings.Join(append(lines, next), "\n")
}

func TestEdgeTranscripts(t *testing.T) { transcript.Run(t, "testdata/edge-*.txt", newScript) }
