package level

import (
	"context"
	"fmt"
	"math"
	"time"

	"murmuration/sim/attack"
	"murmuration/sim/des"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// attackedClients is how many clients a watcher tries to unmask in one replication; their scores
// are averaged.
const attackedClients = 20

// watched is what a passive attack has to work with.
type watched struct {
	eventPlan
	parties  trace.Parties
	events   []trace.Event
	labels   *trace.Labels
	from, to int64 // ns, the measured time
}

// watching are the attacks of a watcher of all links between clients and providers.
var watching = map[string]func(watched) ([]stat.Metric, error){
	"disclosure": disclose, "intersection": intersect, "correlation": correlate,
	"active-or-idle": activeOrIdle,
}

// watch runs one replication with a tap and the scenario's attack on what the tap saw.
func (p eventPlan) watch(ctx context.Context) (Replication, error) {
	config, tap := p.config, p.tap()
	config.Tap, config.TapClients, config.Labels = tap, true, true
	result, err := des.Run(ctx, config)
	if err != nil {
		return Replication{}, err
	}
	r := p.collect(result)
	from := int64(config.Warmup)
	metrics, err := watching[p.attack](watched{
		p, config.Parties(), tap.Events, &result.Labels, from, from + int64(config.Duration),
	})
	if err != nil {
		return r, fmt.Errorf("attacking by %s: %w", p.attack, err)
	}
	r.Metrics = append(r.Metrics, metrics...)
	return r, nil
}

// tapped is how many events the tap of an attack sees in one replication, roughly: on clients'
// links each slot brings one up and one down; on all links each packet passes all nodes, a
// request's reply too.
func tapped(s scenario.Scenario) float64 {
	seconds, links := s.Time.Duration.Seconds(), 2
	switch s.Adversary.Attack {
	case "tracing":
		links = 4 + 2*s.Topology.Layers
	case "disclosure", "intersection":
		seconds = float64(s.Adversary.Rounds) * s.Adversary.Round.Seconds()
	case "correlation", "active-or-idle":
	default:
		return 0
	}
	return float64(links) * float64(s.Clients.Count) * clientRate(s) *
		(seconds + eventWarmUp(s).Seconds() + 60)
}

// clientRate is how much a client sends: without cover no more in payload slots than there is to
// say.
func clientRate(s scenario.Scenario) float64 {
	rate := s.Clients.PerSecond()
	if w := s.Workload; !s.Clients.Cover && w.Kind == "messages" &&
		w.Every.Duration > s.Clients.PayloadEvery.Duration {
		rate += 1/w.Every.Seconds() - 1/s.Clients.PayloadEvery.Seconds()
	}
	return rate
}

// tapBytes is what one tapped event takes until an attack is done: 24 bytes and 8 of its label,
// again while slices grow, 4 in a round, and what the garbage collector leaves for later.
const tapBytes = 100

// tap is one with room for what it will probably see, and a limit somewhat above.
func (p eventPlan) tap() *trace.Buffer {
	expected := int(p.tapped)
	return &trace.Buffer{
		Parties: p.config.Parties(), Events: make([]trace.Event, 0, expected),
		Limit: expected + expected/2 + 1<<20,
	}
}

// lag is the mean time that a message is under way through the mixes, which a watcher knows.
func lag(s scenario.Scenario) time.Duration {
	delays := s.Topology.Layers
	for _, also := range []bool{s.Mix.EntryDelay, s.Mix.ExitDelay} {
		if also {
			delays++
		}
	}
	return time.Duration(delays)*s.Mix.MeanDelay.Duration +
		time.Duration(s.Topology.Layers+1)*s.Link.Delay.Duration + 2*s.Link.ClientDelay.Duration
}

// cut cuts what was seen into the rounds of the attack.
func (w watched) cut() ([]attack.Round, error) {
	rounds, err := attack.Rounds(w.parties, w.events, w.from, int64(w.round), int64(w.lag))
	return rounds[:min(len(rounds), w.rounds)], err
}

// targets are the first clients who wrote to somebody; of a few who have friends, only they.
func (w watched) targets() []attack.Target {
	var clients []int32
	first := min(w.parties.Clients, attackedClients)
	if n := w.known; n > 0 {
		first = min(first, int32(n))
	}
	for c := range first {
		clients = append(clients, c)
	}
	return attack.Friends(w.labels, clients)
}

func plain(name, unit string, v float64) stat.Metric {
	return stat.Metric{
		Name: name, Unit: unit, Value: v, StdErr: math.Inf(1), Lo: math.Inf(-1), Hi: math.Inf(1),
		N: 1, Method: "one replication",
	}
}

var methods = map[string]attack.Disclosure{
	"original": attack.Original, "background": attack.Background,
	"least-squares": attack.LeastSquares,
}

// disclose is statistical disclosure, scored by the share of friends that it names among the
// best-scored, and by the mean rank of friends; both also as they grow with the rounds.
func disclose(w watched) ([]stat.Metric, error) {
	rounds, err := w.cut()
	if err != nil {
		return nil, err
	}
	curve, err := attack.Disclose(methods[w.method], rounds, int(w.parties.Clients), w.targets())
	if err != nil {
		return nil, err
	}
	last := len(curve.Rounds) - 1
	metrics := []stat.Metric{plain("disclosure_hit_rate", "1", curve.HitRate[last]),
		plain("disclosure_guess", "1", curve.Guess),
		plain("disclosure_advantage", "1", curve.HitRate[last]/curve.Guess),
		plain("disclosure_rank", "rank", curve.Rank[last])}
	for i, n := range curve.Rounds {
		metrics = append(metrics,
			plain(fmt.Sprintf("disclosure_hit_rate@%d", n), "1", curve.HitRate[i]))
	}
	for _, percent := range []int{50, 95} {
		if n, reached := curve.Reaches(float64(percent) / 100); reached {
			metrics = append(metrics,
				plain(fmt.Sprintf("disclosure_rounds_to_%d", percent), "rounds", float64(n)))
		}
	}
	return metrics, nil
}

// intersect is the passive intersection attack: candidates that are left, over the rounds in which
// a target sent.
func intersect(w watched) ([]stat.Metric, error) {
	rounds, err := w.cut()
	if err != nil {
		return nil, err
	}
	targets := w.targets()
	var left []stat.Running
	for _, t := range targets {
		for i, n := range attack.Intersect(rounds, int(w.parties.Clients), t.Client) {
			if i == len(left) {
				left = append(left, stat.Running{})
			}
			left[i].Add(float64(n))
		}
	}
	if len(left) == 0 {
		return nil, fmt.Errorf("none of %d targets sent in %d rounds", len(targets), len(rounds))
	}
	metrics := []stat.Metric{plain("intersection_candidates", "clients", left[len(left)-1].Mean())}
	for n := 1; n <= len(left); n = max(n+1, n*5/4) {
		metrics = append(metrics,
			plain(fmt.Sprintf("intersection_candidates@%d", n), "clients", left[n-1].Mean()))
	}
	return metrics, nil
}

// correlate guesses who writes to whom from how traffic goes up and down together, scored by the
// area under its ROC.
func correlate(w watched) ([]stat.Metric, error) {
	var from, to []int32
	for _, t := range w.targets() {
		from = append(from, t.Client)
	}
	for c := range w.parties.Clients {
		to = append(to, c)
	}
	flows, err := attack.Correlate(w.parties, w.events, from, to, int64(w.window), int64(w.lag))
	if err != nil {
		return nil, err
	}
	auc, curve := attack.ScoreFlows(flows, w.labels)
	auc.Name = "correlation_auc"
	metrics := []stat.Metric{auc}
	for i := 0; i <= 20; i++ {
		share := float64(i) / 20
		metrics = append(metrics,
			plain(fmt.Sprintf("correlation_true_positives@%g", share), "1",
				truePositives(curve, share)))
	}
	return metrics, nil
}

// truePositives is the ROC's value at a share of false positives.
func truePositives(curve []stat.Point, share float64) (best float64) {
	for _, p := range curve {
		if p.FalsePositive <= share {
			best = max(best, p.TruePositive)
		}
	}
	return best
}

// activeOrIdle tells windows with real traffic from windows without, learning on the first half.
func activeOrIdle(w watched) ([]stat.Metric, error) {
	windows, err := trace.Windows(w.parties, w.events, w.from, w.to, int64(w.window))
	if err != nil {
		return nil, err
	}
	auc, err := attack.ActiveOrIdle(windows, w.labels, (w.from+w.to)/2)
	auc.Name = "active_or_idle_auc"
	return []stat.Metric{auc}, err
}
