package des

import (
	"time"

	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// Result is what one replication measured: plain data, the same bytes for the same Config.
//
// Each of these quantities, if it occurred, is in Samples, and its mean, standard deviation,
// median, 90th, 95th and 99th percentile are in Metrics (latency_s_mean and so on):
//
//	latency        from a message or post being written to its reading by each recipient
//	queue_wait     from being put into the outbox to its payload slot
//	spool_wait     of any packet, at the provider until its client fetches it
//	mix_wait       of any packet, for the processor of a mix
//	mix_occupancy  packets in a mix, seen every ten mean delays
//	stored         from a post being written to the acknowledgement of its box
//	poll_wait      from a box being stored to its reading by each reader
//	round_trip     from a request being wanted to its answer
//	fresh          latency of posts whose author and reader were there from the beginning
//	missed         from a reader coming back to its reading of what was written in its absence
//	photo          from a post being written to its whole photo being there
//	fetch_wait     from a live fetch being due to its work slot
//	rolls_wait     from a client coming back until it has all rolls that it missed
//	way_stored     of a post that is read, from being written until a holder has it
//	way_listed     from then to the end of the slot in which its second holder listed it
//	way_asked      from then until the fetch leaves that brings it to a reader
//	way_answered   from then to its reading; the four together are latency
//
// Shares and counts follow in Metrics: delivered, round_trips_completed, loops_returned,
// mix_loops_returned, n1_success, alarm_raised, alarm_delay_s, false_alarms_per_mix_week,
// client_packets_per_s, client_bytes_per_day and what was lost, dropped or repeated.
type Result struct {
	Metrics []stat.Metric
	Samples []Sample
	Alarms  []Alarm          // in order of time
	Labels  trace.Labels     // if Config.Labels; for scorers
	Seen    *trace.Coalition // if Config.Coalition; its truth is in Labels
	Events  int64            // things that happened: the engine's work
	Packets int64            // sent by clients and mixes
}

// sample is the raw values of one quantity, at most Config.Samples of them, evenly
// thinned, in no particular order.
type Sample struct {
	Name, Unit string
	Values     []float64
	Seen       int // values before thinning
}

// Metric returns a metric by name.
func (r *Result) Metric(name string) (stat.Metric, bool) {
	for _, m := range r.Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return stat.Metric{}, false
}

// sample returns the raw values of a quantity by name.
func (r *Result) sample(name string) []float64 {
	for _, s := range r.Samples {
		if s.Name == name {
			return s.Values
		}
	}
	return nil
}

// series gathers one quantity: its moments over all values, and a reservoir of values.
type series struct {
	name, unit string
	all        stat.Running
	kept       []float64
	limit      int
	on         bool // after the warm-up
	rng        *stat.Rand
}

func (s *series) add(x float64) {
	if !s.on {
		return
	}
	s.all.Add(x)
	if len(s.kept) < s.limit {
		s.kept = append(s.kept, x)
		return
	}
	if i := s.rng.IntN(s.all.N()); i < s.limit {
		s.kept[i] = x
	}
}

// counters count packets, and posts and requests that are measured.
type counters struct {
	sent, lost, overload, spoolFull, attacked, replays int
	loopsSent, loopsBack, mixLoopsSent, mixLoopsBack   int
	wanted                                             int // deliveries of measured posts
	asked, completed, gaveUp, retries                  int // requests
	pairs, crowd                                       int // boxes listed, fetched for the crowd
	read, readDecoy                                    int // readings, by decoys
	late, crowdedOut                                   int // fetches
	streamFree, streamLive, streamRolls                int // bytes of frames down
	// what work slots carried
	slotsWrite, slotsLive, slotsMissed, slotsYoung, slotsLate, slotsOld int
}

// measures is everything that a run measures.
type measures struct {
	events                                        int64
	count                                         counters
	atStart                                       counters
	latency, queued, spoolWait, served, occupancy series
	stored, pollWait, roundTrip                   series
	fresh, missed, photo, fetchWait, rolls        series
	way                                           [4]series // of a post to a reader
	census                                        int64     // when mixes are looked into next
}

func (m *measures) series() []*series {
	return []*series{
		&m.latency, &m.queued, &m.spoolWait, &m.served, &m.occupancy, &m.stored, &m.pollWait,
		&m.roundTrip, &m.fresh, &m.missed, &m.photo, &m.fetchWait, &m.rolls,
		&m.way[0], &m.way[1], &m.way[2], &m.way[3],
	}
}

func (m *measures) init(e *engine) {
	c := &e.cfg
	names := []string{
		"latency", "queue_wait", "spool_wait", "mix_wait", "mix_occupancy", "stored", "poll_wait",
		"round_trip", "fresh", "missed", "photo", "fetch_wait", "rolls_wait",
		"way_stored", "way_listed", "way_asked", "way_answered",
	}
	for i, s := range m.series() {
		s.name, s.unit, s.limit, s.on = names[i], "s", c.Samples, c.Warmup == 0
		s.rng = stat.Seed(c.Seed, c.Cell, c.Replication, uint64(i), "des reservoir")
	}
	m.occupancy.unit = "packets"
	m.census = e.start
}

// readAt takes the way of a post that somebody reads now to pieces.
func (m *measures) readAt(e *engine, p *post, b *box, a *awaited) {
	stages := [...]int64{p.at, b.first(), e.board.ends(b.slot), a.created, e.now}
	for i := range m.way {
		m.way[i].add(float64(stages[i+1]-stages[i]) / 1e9)
	}
	m.count.read++
	if a.decoy {
		m.count.readDecoy++
	}
}

// takeCensus looks into every mix, ten mean delays after the last look, so that one look
// knows next to nothing of the one before. The first look ends the warm-up.
func (m *measures) takeCensus(e *engine) {
	if !m.latency.on {
		m.atStart = m.count
		for _, s := range m.series() {
			s.on = true
		}
	}
	m.census += max(10*int64(e.cfg.MeanHop), 1e9)
	if !e.cfg.Hops {
		m.census = never
		return
	}
	for node := e.cfg.Providers; node < e.cfg.nodes(); node++ {
		m.occupancy.add(float64(e.nodes.inside[node]))
	}
}

// result closes what is open and gathers the metrics.
func (e *engine) result() *Result {
	r := &Result{
		Alarms: e.mixLoops.alarms, Labels: e.tap.close(), Events: e.m.events,
		Packets: int64(e.m.count.sent + e.m.count.mixLoopsSent),
	}
	r.Seen, r.Labels.Boxes = e.seen.close()
	for _, s := range e.m.series() {
		if s.all.N() == 0 {
			continue
		}
		r.Samples = append(r.Samples,
			Sample{Name: s.name, Unit: s.unit, Values: s.kept, Seen: s.all.N()})
		r.Metrics = append(r.Metrics, s.metrics()...)
	}
	r.Metrics = append(r.Metrics, e.shares()...)
	return r
}

// metrics returns mean, standard deviation and quantiles.
func (s *series) metrics() []stat.Metric { return stat.DescribeKept(s.name, s.unit, s.all, s.kept) }

// shares returns the metrics that are a share or a rate.
func (e *engine) shares() []stat.Metric {
	c, before := &e.m.count, &e.m.atStart
	var out []stat.Metric
	share := func(name string, part, whole int) {
		if whole > 0 {
			out = append(out, stat.Proportion(name, min(part, whole), whole))
		}
	}
	if c.wanted > 0 {
		share("delivered", e.m.latency.all.N(), c.wanted)
	}
	share("round_trips_completed", c.completed, c.asked)
	share("loops_returned", c.loopsBack-before.loopsBack, c.loopsSent-before.loopsSent)
	share("mix_loops_returned", c.mixLoopsBack-before.mixLoopsBack,
		c.mixLoopsSent-before.mixLoopsSent)
	share("read_by_decoys", c.readDecoy, c.read)
	share("n1_success", e.attack.hits, e.attack.trials)
	span := float64(max(e.now, e.start+1)-e.start) / 1e9
	count := func(name, unit string, n float64) {
		out = append(out, stat.Metric{Name: name, Unit: unit, Value: n, N: 1, Method: "count"})
	}
	sent := float64(c.sent - before.sent)
	count("client_packets_per_s", "1/s", sent/span/float64(e.cfg.Clients))
	count("client_bytes_per_day", "B",
		sent/span/float64(e.cfg.Clients)*86400*float64(e.cfg.PacketSize))
	count("packets_lost", "packets", float64(c.lost-before.lost))
	count("packets_dropped_overload", "packets", float64(c.overload-before.overload))
	count("packets_dropped_spool_full", "packets", float64(c.spoolFull-before.spoolFull))
	count("packets_dropped_by_adversary", "packets", float64(c.attacked))
	count("replays_refused", "packets", float64(c.replays))
	count("requests_given_up", "requests", float64(c.gaveUp))
	count("requests_repeated", "requests", float64(c.retries))
	count("mix_alarms", "alarms", float64(len(e.mixLoops.alarms)))
	out = append(out, e.bulletinMetrics(span)...)
	out = append(out, e.forks.metrics()...)
	return append(out, e.alarmMetrics()...)
}

// bulletinMetrics says how large the crowd of a box is, what work slots carry, and what bulletins
// take of the bytes that there are for them.
func (e *engine) bulletinMetrics(span float64) (out []stat.Metric) {
	if e.cfg.Bulletins.Every == 0 {
		return nil
	}
	c, b := &e.m.count, &e.m.atStart
	count := func(name, unit string, n float64) {
		out = append(out, stat.Metric{Name: name, Unit: unit, Value: n, N: 1, Method: "count"})
	}
	slots := 0
	uses := []struct {
		name string
		n    int
	}{
		{"write", c.slotsWrite - b.slotsWrite}, {"live", c.slotsLive - b.slotsLive},
		{"missed", c.slotsMissed - b.slotsMissed}, {"young", c.slotsYoung - b.slotsYoung},
		{"late", c.slotsLate - b.slotsLate}, {"old", c.slotsOld - b.slotsOld},
	}
	for _, u := range uses {
		slots += u.n
	}
	for _, u := range uses {
		out = append(out, stat.Proportion("slots_"+u.name, u.n, max(slots, 1)))
	}
	pairs := float64(max(c.pairs-b.pairs, 1))
	count("boxes_listed_per_s", "1/s", pairs/span)
	count("crowd_per_box", "clients", float64(c.crowd-b.crowd)/pairs)
	count("decoys_per_box", "fetches", float64(c.slotsYoung-b.slotsYoung)/pairs)
	count("fetches_late", "fetches", float64(c.late-b.late))
	count("fetches_crowded_out", "fetches", float64(c.crowdedOut-b.crowdedOut))
	for _, u := range []struct {
		name string
		n    int
	}{
		{"free", c.streamFree - b.streamFree}, {"live", c.streamLive - b.streamLive},
		{"rolls", c.streamRolls - b.streamRolls},
	} {
		count("stream_"+u.name+"_bytes_per_s", "B/s",
			float64(u.n)/span/float64(e.cfg.Clients))
	}
	return out
}

// alarmMetrics says how fast an attack was noticed, or how often there was an alarm without
// one.
func (e *engine) alarmMetrics() []stat.Metric {
	c := &e.cfg
	if c.MixLoopEvery == 0 {
		return nil
	}
	if len(c.Attacks) == 0 {
		weeks := time.Duration(e.now).Hours() / (7 * 24) * float64(c.Layers*c.Width)
		perWeek := float64(len(e.mixLoops.alarms)) / weeks
		return []stat.Metric{{
			Name: "false_alarms_per_mix_week", Unit: "alarms", Value: perWeek,
			N: len(e.mixLoops.alarms), Method: "count",
		}}
	}
	first := c.Attacks[0]
	noticed := 0
	var out []stat.Metric
	for _, a := range e.mixLoops.alarms {
		if a.Node == first.Node && a.From < 0 && a.At >= first.Start {
			noticed = 1
			delay := (a.At - first.Start).Seconds()
			out = append(out,
				stat.Metric{
					Name: "alarm_delay_s", Unit: "s", Value: delay, N: 1, Method: "first alarm",
				})
			break
		}
	}
	return append(out, stat.Proportion("alarm_raised", noticed, 1))
}
