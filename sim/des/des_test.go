package des

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"murmuration/sim/groundtruth"
	"murmuration/sim/trace"

	_ "murmuration/internal/drawn"
)

// rollercoasterNetwork is the set-up of the Rollercoaster paper's artefact: 3x3 mixes, 16
// users a provider, all online, 128 in one group, a post every 30 s, a fifth of the users
// writing four times as much. Its clock ticks every 10 ms, which is the time of a link.
func rollercoasterNetwork(s Strategy) Config {
	c := Config{
		Seed: 1, Warmup: 10 * time.Minute, Duration: 4 * time.Hour,
		Clients: 128, Providers: 8, Layers: 3, Width: 3,
		MeanHop: time.Second / 3, EntryDelay: true, Link: 10 * time.Millisecond,
		ClientLink:   10 * time.Millisecond,
		PayloadEvery: time.Second / 2, LoopEvery: time.Second / 2, DropEvery: time.Second / 2,
		Retrieval: Pull, PullEvery: time.Second, MixLoopEvery: time.Second / 2,
		Groups: Groups{
			Count: 1, Size: 128, Every: 30 * time.Second, Strategy: s, Heavy: 0.2, HeavyWeight: 4,
		},
	}
	if s == Rollercoaster {
		c.Groups.Fanout, c.Groups.Bundle = 2, 2
	}
	return c
}

// The short form of rows F6; `murmur sim verify` has the long one. Without loops and drops,
// which share nothing with payload but the network, it is the same network and faster.
// The 99th percentile of unicast hangs on the few posts that meet another of the same
// author in the queue: hours do not settle it.
func TestRollercoasterRows(t *testing.T) {
	quick(t)
	t.Parallel()
	for name, s := range map[string]Strategy{
		"unicast": Unicast, "rollercoaster k=p=2": Rollercoaster,
	} {
		c := rollercoasterNetwork(s)
		if s == Unicast {
			c.LoopEvery, c.DropEvery, c.MixLoopEvery, c.Duration = 0, 0, 0, 2*time.Hour
		} else {
			c.Warmup, c.Duration = time.Minute, 20*time.Minute
		}
		r := run(t, c)
		rows := 0
		for _, row := range groundtruth.Find("F6") {
			if !strings.HasSuffix(row.Setup, name) {
				continue
			}
			rows++
			if s == Unicast && row.Metric == "latency_s_p99" {
				continue
			}
			if got := value(t, r, row.Metric); math.Abs(got-row.Value) > row.Allowed() {
				t.Errorf("%s %s is %.2f, published %v ± %v", name, row.Metric, got, row.Value,
					row.Allowed())
			}
		}
		if rows != 3 {
			t.Errorf("%d rows for %s", rows, name)
		}
	}
}

// Loopix Fig 10: what an idle network of exponential hops makes of a message.
func TestLoopixLatencyRows(t *testing.T) {
	t.Parallel()
	c := Config{
		Seed: 3, Duration: 30 * time.Minute, Clients: 400, Providers: 4, Layers: 3, Width: 2,
		MeanHop: time.Second / 2, Link: 430 * time.Millisecond / 4,
		PayloadEvery: 100 * time.Millisecond, NoCover: true,
		Messages: Messages{Every: 10 * time.Second},
	}
	r := run(t, c)
	rows := groundtruth.Find("F8")
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	names := map[string]string{"latency mean s": "latency_s_mean", "latency sd s": "latency_s_sd"}
	for _, row := range rows {
		// The wait for a slot is no part of the network's latency, and independent of it.
		got, wait := value(t, r, names[row.Metric]), value(t, r, "queue_wait_s_mean")
		if row.Metric == "latency mean s" {
			got -= wait
		} else {
			got = math.Sqrt(got*got - wait*wait)
		}
		if math.Abs(got-row.Value) > row.Allowed() {
			t.Errorf("%s is %.3f, published %v ± %v", row.Metric, got, row.Value, row.Allowed())
		}
	}
}

// ours is a small network with our protocol: exchanges, boxes, groups of two.
func ours() Config {
	return Config{
		Seed: 5, Warmup: 10 * time.Minute, Duration: time.Hour,
		Clients: 40, Providers: 4, Layers: 3, Width: 2, MeanHop: 200 * time.Millisecond,
		DelayCap:   10,
		EntryDelay: true, ExitDelay: true, Link: 20 * time.Millisecond,
		ClientLink:   30 * time.Millisecond,
		PayloadEvery: time.Second, LoopEvery: 4 * time.Second, DropEvery: 2 * time.Second,
		Retrieval: Exchange,
		Boxes: Boxes{
			Watched: 4, PollShare: 0.5, Allowance: 50 * time.Millisecond,
			Replicate: 5 * time.Second,
		},
		Groups: Groups{Count: 20, Size: 2, Every: 5 * time.Minute, Strategy: PublishOnce},
	}
}

func TestPublishOnce(t *testing.T) {
	t.Parallel()
	c := ours()
	r := run(t, c)
	if d := value(t, r, "delivered"); d != 1 {
		t.Errorf("only %v of the posts were read", d)
	}
	// Stored: a slot of the work lane, five hops of the request, four of the reply with links
	// and allowance, the spool. Read: the reader's next poll of the place, and its way.
	stored := value(t, r, "stored_s_mean")
	floor := 9*0.2 + 2*4*0.02 + 2*0.03 + 0.05 + 1/0.5
	if stored < floor || stored > floor+4 {
		t.Errorf("stored after %v s, expected a little above %v", stored, floor)
	}
	if p := value(t, r, "poll_wait_s_mean"); p > value(t, r, "latency_s_mean") || p < 2 {
		t.Errorf("a stored box waits %v s for its reader", p)
	}
	if latency := value(t, r, "latency_s_mean"); latency < stored || latency > 40 {
		t.Errorf("read after %v s, stored after %v s", latency, stored)
	}
}

// A lost request is sent again until it is answered.
func TestRetransmission(t *testing.T) {
	t.Parallel()
	c := ours()
	c.Groups, c.Duration = Groups{}, 20*time.Minute
	c.Requests.Every, c.Loss = 20*time.Second, 0.05
	c.Drain = 2 * time.Hour
	r := run(t, c)
	if got := value(t, r, "round_trips_completed"); got < 0.9999 {
		t.Errorf("%v of the round trips completed in 16 tries", got)
	}
	c.Requests.Tries = 1 // the control: one try only
	got := value(t, run(t, c), "round_trips_completed")
	near(t, "completed at the first try", got, math.Pow(0.95, 10), 0.05)
}

// More authors than places take turns, and all are read.
func TestTurns(t *testing.T) {
	t.Parallel()
	c := ours()
	c.Groups = Groups{Count: 4, Size: 10, Every: 20 * time.Minute, Strategy: PublishOnce}
	c.Drain = time.Hour
	if d := value(t, run(t, c), "delivered"); d != 1 {
		t.Errorf("only %v of the posts were read", d)
	}
}

// What goes over the links of clients is the same, however much they have to say.
func TestWireIsTheSameBusyOrIdle(t *testing.T) {
	t.Parallel()
	tap := func(every time.Duration, cover bool) []trace.Event {
		c := ours()
		c.Warmup, c.Duration, c.Drain, c.Groups.Every = 0, 5*time.Minute, 1, every
		if !cover {
			c.NoCover, c.Boxes, c.Groups, c.LoopEvery, c.DropEvery = true, Boxes{}, Groups{}, 0, 0
			c.Retrieval, c.Messages.Every = Push, every
		}
		b := &trace.Buffer{Parties: c.Parties()}
		c.Tap, c.TapClients = b, true
		run(t, c)
		return b.Events
	}
	// Frames down answer frames up, so times, sizes and directions are compared whole.
	if a, b := tap(time.Hour, true), tap(10*time.Second,
		true); !reflect.DeepEqual(upTo(a), upTo(b)) || len(a) == 0 {
		t.Errorf("%d events when idle, %d when busy, or other ones", len(a), len(b))
	}
	if a, b := tap(time.Hour, false), tap(10*time.Second, false); reflect.DeepEqual(upTo(a),
		upTo(b)) {
		t.Error("without cover the test sees no difference either")
	}
}

// upTo leaves out what follows the measured time: how long a run drains may differ.
func upTo(events []trace.Event) []trace.Event {
	for i, e := range events {
		if e.At > int64(5*time.Minute) {
			return events[:i]
		}
	}
	return events
}

// With members who come and go, Rollercoaster leaves much of a group waiting behind an absent
// one; with hand-over it does not.
func TestHandOver(t *testing.T) {
	t.Parallel()
	c := rollercoasterNetwork(Rollercoaster)
	c.LoopEvery, c.DropEvery, c.MixLoopEvery = 0, 0, 0
	c.Warmup, c.Duration, c.Drain = time.Minute, 10*time.Minute, time.Hour
	c.OnlineFor, c.OfflineFor = 15*time.Minute, 10*time.Minute
	without := run(t, c)
	c.Groups.Timeout, c.Groups.LateIdle = 1, true
	with := run(t, c)
	if d := value(t, with, "delivered"); d < 0.99 {
		t.Errorf("only %v delivered", d)
	}
	if a, b := value(t, with, "latency_s_p50"), value(t, without, "latency_s_p50"); a > b/2 {
		t.Errorf("median latency %v s with hand-over, %v s without", a, b)
	}
	// Where all are online nobody should be replaced, or hardly.
	c.OnlineFor, c.OfflineFor = 0, 0
	online := value(t, run(t, c), "latency_s_mean")
	c.Groups.Timeout, c.Groups.LateIdle = 0, false
	near(t, "mean latency when all are online", online, value(t, run(t, c), "latency_s_mean"), 0.1)
}

// A client may be in several groups; a burst waits behind itself.
func TestOverlappingGroups(t *testing.T) {
	t.Parallel()
	c := rollercoasterNetwork(Unicast)
	c.LoopEvery, c.DropEvery, c.MixLoopEvery, c.Warmup, c.Duration = 0, 0, 0, 0, 20*time.Minute
	c.Groups.Count, c.Groups.Size, c.Groups.Every = 8, 20, 8*time.Minute
	r := run(t, c)
	if n := len(r.sample("latency")); n < 8*19 || value(t, r, "delivered") != 1 {
		t.Errorf("%d deliveries, a share of %v", n, value(t, r, "delivered"))
	}
	c.Groups.Burst = 4
	near(t, "queue of four posts against one",
		value(t, run(t, c), "queue_wait_s_mean")/value(t, r, "queue_wait_s_mean"), 4, 0.2)
}

// Of those who have friends each writes to them alone, while the others write to anybody.
func TestFriendsOfSome(t *testing.T) {
	t.Parallel()
	c := small()
	c.Messages.Friends, c.Messages.FriendsOf, c.Labels = 3, 2, true
	to := make([]map[int32]bool, c.Clients)
	for _, m := range run(t, c).Labels.Sent {
		if to[m.From] == nil {
			to[m.From] = map[int32]bool{}
		}
		to[m.From][m.To] = true
	}
	for client, known := range to {
		if few := len(known) == 3; few != (client < 2) {
			t.Errorf("client %d wrote to %d others", client, len(known))
		}
	}
}

func TestSameSeedSameResult(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{
		ours(), rollercoasterNetwork(Rollercoaster), small(), listing(40),
	} {
		c.Warmup, c.Duration, c.OnlineFor, c.OfflineFor = time.Minute, time.Minute, time.Minute, 30*
			time.Second
		first := fmt.Sprintf("%+v", run(t, c))
		if again := fmt.Sprintf("%+v", run(t, c)); again != first {
			t.Error("two runs of one seed differ")
		}
		c.Replication++
		if other := fmt.Sprintf("%+v", run(t, c)); other == first {
			t.Error("two replications are the same")
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, usual(small())); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run returned %v", err)
	}
}

// The estimate must cover what the structures of a run hold, and not be absurd.
func TestMemoryEstimate(t *testing.T) {
	for name, c := range map[string]Config{
		"ours": ours(), "many": BenchConfig(5000, true), "bulletins": listing(500),
	} {
		c.Duration, c.Warmup = 20*time.Second, 0
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		e := newEngine(usual(c).complete())
		for e.step() {
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		used, estimate := int64(after.HeapAlloc)-int64(before.HeapAlloc), c.Memory()
		if used > 2*estimate || estimate > 4*used+16<<20 {
			t.Errorf("%s: uses %d bytes, estimated %d", name, used, estimate)
		}
		runtime.KeepAlive(e)
	}
}

// quick leaves a test out of -short: the engine has one goroutine, in which a race build finds
// nothing and takes ten times as long.
func quick(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: one goroutine and long; a race build finds nothing here")
	}
}
