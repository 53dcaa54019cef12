package des

import (
	"testing"
	"time"

	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// looped is a network of mixes alone, with loops as by default.
func looped() Config {
	return Config{
		Seed: 11, Duration: time.Hour, Clients: 1, Providers: 3, Layers: 3, Width: 3,
		MeanHop: 2 * time.Second, DelayCap: 10, Link: 20 * time.Millisecond, ExitDelay: true,
		MixLoopEvery: 10 * time.Second,
	}
}

// Target: a mix cut off by an n-1 attack raises the alarm within eight mean loop intervals
// and the time-out in at least 95 % of trials.
func TestNMinusOneAlarm(t *testing.T) {
	t.Parallel()
	const trials = 400
	c := looped()
	c.Duration = 10 * time.Minute
	start := 2 * time.Minute
	limit := start + 8*c.MixLoopEvery + 12*c.MeanHop + 4*c.Link
	node := c.mix(2, 1)
	inTime := 0
	for i := range trials {
		c.Replication = uint64(i)
		c.Attacks = []Attack{{Kind: NMinusOne, Node: node, From: -1, Start: start}}
		for _, a := range run(t, c).Alarms {
			if a.Node == node && a.From < 0 && a.At >= start && a.At <= limit {
				inTime++
				break
			}
		}
	}
	// Half of a standard error is granted to the trials.
	if share := float64(inTime) / trials; share < 0.95-0.005 {
		t.Errorf("alarm in time in %v of the trials", share)
	}
	r := run(t, c)
	if d := value(t, r, "alarm_delay_s"); value(t, r, "alarm_raised") != 1 || d <= 0 || d > 600 {
		t.Errorf("alarm after %v s", d)
	}
	c.Attacks = nil // the control
	if a := run(t, c).Alarms; len(a) > 0 {
		t.Errorf("alarms without an attack: %v", a)
	}
}

// One neighbour who drops is named, within eight mean intervals of the loops on its link.
func TestDroppingNeighbourIsNamed(t *testing.T) {
	t.Parallel()
	const trials = 200
	c := looped()
	c.Duration = 30 * time.Minute
	node, from := c.mix(2, 1), c.mix(1, 0)
	limit := 8*3*c.MixLoopEvery + 12*c.MeanHop + 4*c.Link
	named := 0
	for i := range trials {
		c.Replication = uint64(i)
		c.Attacks = []Attack{{Kind: Drop, Share: 1, Node: node, From: from}}
		for _, a := range run(t, c).Alarms {
			if a.Node == node && a.From == from && a.At <= limit {
				named++
				break
			}
		}
	}
	if share := float64(named) / trials; share < 0.92 {
		t.Errorf("the neighbour was named in time in %v of the trials", share)
	}
}

// Target: fewer than one false alarm of a mix in a week at 1 % loss, here per link.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	c := looped()
	c.Duration, c.Loss = 7*24*time.Hour, 0.01
	var per stat.Running
	for i := range 2 {
		c.Replication = uint64(i)
		per.Add(value(t, run(t, c), "false_alarms_per_mix_week"))
	}
	if per.Mean() >= 1 {
		t.Errorf("%v false alarms per mix and week", per.Mean())
	}
	c.Loss, c.Duration = 0.2, 24*time.Hour // the control: a bad network is noticed
	if len(run(t, c).Alarms) == 0 {
		t.Error("no alarm at 20 % loss")
	}
}

// The first packet to leave after the target's is the target's with probability
// μ/(μ + λM + what else leaves).
func TestNMinusOneSuccess(t *testing.T) {
	t.Parallel()
	c := small()
	c.Duration, c.Clients, c.Width = 12*time.Hour, 21, 1
	c.Messages = Messages{Every: 10 * time.Second, Senders: 1}
	c.MixLoopEvery = 2 * time.Second
	const let, sent, loops = 0.1, 0.1, 0.5
	node := c.mix(1, 0)
	c.Attacks = []Attack{{Kind: NMinusOne, Node: node, From: -1, Share: let, Target: 0}}
	// Cover and loops of the other two mixes, as far as they are let in, other packets of
	// the target, and the mix's own loops.
	others := (21-sent)*let + 2*loops*let + sent + loops
	near(t, "success", value(t, run(t, c), "n1_success"), 1/(1+others), 0.05)
}

func TestActiveAttacks(t *testing.T) {
	t.Parallel()
	base := small()
	base.Width, base.Drain = 1, 2*time.Minute
	node := base.mix(2, 0)
	attacked := func(a Attack) *Result {
		c := base
		a.Node, a.From = node, -1
		c.Attacks = []Attack{a}
		return run(t, c)
	}
	near(t, "delivered under dropping",
		value(t, attacked(Attack{Kind: Drop, Share: 0.3}), "delivered"), 0.7, 0.05)
	plain := value(t, run(t, base), "latency_s_mean")
	slow := value(t, attacked(Attack{Kind: Delay, Share: 0.5, Delay: 10 * time.Second}),
		"latency_s_mean")
	near(t, "latency under delaying", slow, plain+5, 0.05)
	replayed := attacked(Attack{Kind: Replay, Share: 1})
	if value(t, replayed, "delivered") != 1 || value(t, replayed, "replays_refused") < 1000 {
		t.Error("replays were not refused one by one")
	}
	trickled := value(t, attacked(Attack{Kind: Trickle, Delay: time.Second}), "delivered")
	near(t, "delivered under trickling", trickled, 1./51, 0.1)
	if d := value(t, run(t, base), "delivered"); d != 1 {
		t.Errorf("without an attack %v are delivered", d)
	}
}

// A replayed packet is seen twice on the link that the adversary holds.
func TestReplayIsSeen(t *testing.T) {
	t.Parallel()
	count := func(a []Attack) int {
		c := small()
		c.Width, c.Attacks = 1, a
		b := &trace.Buffer{Parties: c.Parties()}
		c.Tap, c.Duration = b, time.Minute
		run(t, c)
		n := 0
		for _, e := range b.Events {
			if int(e.To) == c.mix(2, 0) {
				n++
			}
		}
		return n
	}
	c := small()
	c.Width = 1
	once := count(nil)
	twice := count([]Attack{{Kind: Replay, Share: 1, Node: c.mix(2, 0), From: -1}})
	if twice != 2*once || once == 0 {
		t.Errorf("%d packets on the link, %d with replays", once, twice)
	}
}
