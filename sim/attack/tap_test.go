package attack_test

import (
	"slices"
	"testing"
	"time"

	"murmuration/sim/attack"
	"murmuration/sim/des"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// ours is the default network at a tenth of its times: 40 people in circles of four.
func ours() des.Config {
	return des.Config{
		Seed: 9, Duration: time.Hour, Drain: 1, Clients: 40, Providers: 4, Layers: 3, Width: 2,
		MeanHop: 200 * time.Millisecond, DelayCap: 10, EntryDelay: true, ExitDelay: true,
		Link: 20 * time.Millisecond, ClientLink: 20 * time.Millisecond,
		PayloadEvery: time.Second, LoopEvery: 4 * time.Second, DropEvery: 1500 * time.Millisecond,
		Retrieval: des.Exchange, SpoolLimit: 64, PacketSize: 2048,
		Requests: des.Requests{Tries: 16},
		Boxes: des.Boxes{
			Watched: 8, PollShare: 0.25, AgeScale: time.Hour, AgeCap: 24 * time.Hour,
			DecoyLife: 6 * time.Hour,
			Allowance: 50 * time.Millisecond, Replicate: time.Second,
		},
		Groups: des.Groups{
			Count: 10, Size: 4, Every: 15 * time.Second, Strategy: des.PublishOnce,
		},
		TapClients: true, Labels: true,
	}
}

// uncovered is the same community on a network without cover, where packets go to their
// receiver at once.
func uncovered() des.Config {
	c := ours()
	c.NoCover, c.LoopEvery, c.DropEvery, c.Retrieval = true, 0, 0, des.Push
	c.Boxes = des.Boxes{}
	c.Groups.Strategy = des.Unicast
	return c
}

func tap(t *testing.T, c des.Config) ([]trace.Event, trace.Labels) {
	t.Helper()
	b := &trace.Buffer{Parties: c.Parties()}
	c.Tap = b
	r, err := des.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return b.Events, r.Labels
}

// Target: after 1,000 rounds with the default cover the hit rate of statistical disclosure is
// at most twice that of guessing.
func TestDisclosureAgainstCover(t *testing.T) {
	t.Parallel()
	const wanted, length = 1000, 5 * time.Second
	watched := func(c des.Config) ([]attack.Round, []attack.Target) {
		c.Duration = (wanted + 10) * length
		events, labels := tap(t, c)
		rounds, err := attack.Rounds(c.Parties(), events, 0, int64(length), int64(time.Second))
		if err != nil || len(rounds) < wanted {
			t.Fatalf("%d rounds, %v", len(rounds), err)
		}
		var all []int32
		for i := range c.Clients {
			all = append(all, int32(i))
		}
		return rounds[:wanted], attack.Friends(&labels, all)
	}
	rounds, targets := watched(ours())
	plain, plainTargets := watched(uncovered())
	for _, d := range []attack.Disclosure{attack.Original, attack.Background, attack.LeastSquares} {
		c, err := attack.Disclose(d, rounds, ours().Clients, targets)
		if err != nil {
			t.Fatal(err)
		}
		if h := c.HitRate[len(c.HitRate)-1]; h > 2*c.Guess {
			t.Errorf("method %d: hit rate %v, guessing %v", d, h, c.Guess)
		}
		control, err := attack.Disclose(d, plain, ours().Clients, plainTargets)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := control.Reaches(0.9); !ok || control.Guess > 0.2 {
			t.Errorf("method %d without cover fails too: %v, guessing %v", d, control.HitRate,
				control.Guess)
		}
	}
}

// Who writes to whom does not show in the flows of clients.
func TestCorrelationAgainstCover(t *testing.T) {
	t.Parallel()
	auc := func(c des.Config) stat.Metric {
		events, labels := tap(t, c)
		var all []int32
		for i := range c.Clients {
			all = append(all, int32(i))
		}
		flows, err := attack.Correlate(c.Parties(), events, all, all, int64(2*time.Second),
			int64(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		m, curve := attack.ScoreFlows(flows, &labels)
		if last := curve[len(curve)-1]; last.TruePositive != 1 || last.FalsePositive != 1 {
			t.Errorf("the curve ends at %+v", last)
		}
		return m
	}
	if m := auc(ours()); m.Lo > 0.5 || m.Hi < 0.5 {
		t.Errorf("flows are told apart: %v, between %v and %v", m.Value, m.Lo, m.Hi)
	}
	if m := auc(uncovered()); m.Lo < 0.9 {
		t.Errorf("without cover the attack finds only %v", m.Value)
	}
}

// Target: the upper bound of a classifier of active against idle clients is at most 0.53; on
// the engine's link traces, with at least 4,000 held-out windows of each class.
func TestActiveOrIdle(t *testing.T) {
	t.Parallel()
	classify := func(c des.Config, windows, least int) stat.Metric {
		const length = int64(20 * time.Second)
		c.Groups.Every = 20 * time.Second
		c.Duration = time.Duration(windows) * time.Duration(length)
		events, labels := tap(t, c)
		w, err := trace.Windows(c.Parties(), events, 0, int64(c.Duration), length)
		if err != nil {
			t.Fatal(err)
		}
		busy := 0
		for _, e := range attack.LabelWindows(w[len(w)/4:], &labels) {
			if e.Active {
				busy++
			}
		}
		if idle := len(w)*3/4 - busy; min(busy, idle) < least {
			t.Fatalf("%d windows of busy clients, %d of idle ones", busy, idle)
		}
		m, err := attack.ActiveOrIdle(w, &labels, int64(c.Duration)/4)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if m := classify(ours(), 600, 4000); m.Hi > 0.53 {
		t.Errorf("active clients are told from idle ones: AUC %v, upper bound %v, %d windows",
			m.Value, m.Hi, m.N)
	}
	if m := classify(uncovered(), 200, 500); m.Lo < 0.9 {
		t.Errorf("without cover the classifier reaches only %v", m.Value)
	}
}

// Cover does not hide who is online: somebody whose posts appear only while online is among
// fewer and fewer. This is known and unsolved, and the attack must show it.
func TestChurnAgainstCover(t *testing.T) {
	t.Parallel()
	left := func(c des.Config) int {
		events, _ := tap(t, c)
		online, err := attack.Online(c.Parties(), events, 0, int64(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		var moments [][]int32 // in which client 0 does something that can be seen elsewhere
		for _, there := range online {
			if slices.Contains(there, 0) {
				moments = append(moments, there)
			}
		}
		n, who := attack.Churn(moments, c.Clients)
		if !slices.Contains(who, 0) {
			t.Error("the culprit was ruled out")
		}
		return n[len(n)-1]
	}
	c := ours()
	if n := left(c); n != c.Clients {
		t.Errorf("%d of %d left although all were always online", n, c.Clients)
	}
	c.OnlineFor, c.OfflineFor = 10*time.Minute, 10*time.Minute
	if n := left(c); n > 3 {
		t.Errorf("%d left after an hour of sessions", n)
	}
}
