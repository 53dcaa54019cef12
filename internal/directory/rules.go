package directory

import (
	"errors"
	"fmt"
	"time"

	"murmuration/internal/protocol"
	"murmuration/internal/suite"
)

// RuleError is one broken rule of the parameters: the key as presets write it, and what is wrong.
type RuleError struct {
	key  string
	text string
}

func (e *RuleError) Error() string { return e.key + " " + e.text }

// Key is the name of the parameter in a preset.
func (e *RuleError) Key() string { return e.key }

// rules collects what is broken, so that people see everything at once.
type rules struct{ broken []error }

func (r *rules) want(ok bool, key, format string, args ...any) {
	if !ok {
		r.broken = append(r.broken, &RuleError{key, fmt.Sprintf(format, args...)})
	}
}

// Validate refuses parameters under which the network could not keep its promises; the error joins
// one RuleError for each broken rule.
func (p Parameters) Validate() error {
	var r rules
	_, err := suite.ByName(p.Suite)
	r.want(err == nil, "suite", "is %q: %v", p.Suite, err)
	p.checkCounts(&r)
	p.checkDurations(&r)
	if len(r.broken) == 0 {
		p.checkRates(&r)
		p.checkEpoch(&r)
		p.checkBulletins(&r)
	}
	return errors.Join(r.broken...)
}

// ValidateFor also checks what depends on the number of storing providers.
func (p Parameters) ValidateFor(providers int) error {
	if err := p.Validate(); err != nil {
		return err
	}
	var r rules
	r.want(p.Replicas <= providers, "replicas", "is %d, but only %d providers store boxes",
		p.Replicas, providers)
	if rate := p.writesPerPair(p.Clients, providers); rate > 0 {
		mean := time.Duration(float64(time.Second) / rate)
		r.want(p.ReplicateEvery <= mean/2, "replicate_every",
			"is %s: with %d clients on %d providers each pair passes on a write every %s, and "+
				"half of that is the limit",
			p.ReplicateEvery, p.Clients, providers, mean.Round(time.Millisecond))
	}
	p.checkListed(&r, providers)
	return errors.Join(r.broken...)
}

// checkListed has each provider pass on in time whatever it may list.
func (p Parameters) checkListed(r *rules, providers int) {
	rate := p.listedPerPair(providers)
	if rate == 0 {
		return
	}
	most := time.Duration(float64(time.Second) / rate)
	r.want(p.ReplicateEvery <= most, "replicate_every",
		"is %s: each of %d providers may list %d boxes every %s, and passes on what it lists with "+
			"a frame every %s: want that at most, a longer bulletin_every or more providers",
		p.ReplicateEvery, providers, p.Listings(providers), p.BulletinEvery,
		most.Truncate(time.Millisecond))
}

func (p Parameters) checkCounts(r *rules) {
	between := func(key string, n, low, high int) {
		r.want(n >= low && n <= high, key, "is %d: want %d to %d", n, low, high)
	}
	between("layers", p.Layers, 1, 8)
	// bytes: a record header and something behind it
	between("box_plaintext", p.BoxPlaintext, 64+64, 64+65536)
	between("replicas", p.Replicas, 1, 8)
	between("retention_days", p.RetentionDays, 1, 60)
	between("clients", p.Clients, 1, 1e9)
	between("write_tokens", p.WriteTokens, 0, 10_000)
	between("writes_per_day", p.WritesPerDay, 1, p.mostWrites())
	between("stream_per_day", p.StreamPerDay, 1, 10_000)
	share := func(key string, of float64, wire uint32) {
		r.want(of > 0 && of < 1 && float64(wire)/1000 == of, key,
			"is %v: want whole thousandths between 0 and 1", of)
	}
	share("fetch_load", p.FetchLoad, p.wire().FetchLoad)
}

func (p Parameters) checkDurations(r *rules) {
	between := func(key string, d, low, high time.Duration) {
		r.want(d >= low && d <= high && d%time.Millisecond == 0, key,
			"is %s: want whole milliseconds from %s to %s", d, low, high)
	}
	const ms = time.Millisecond
	between("mean_hop_delay", p.MeanHopDelay, ms, time.Hour)
	between("hop_delay_limit", p.HopDelayLimit, ms, 8*time.Hour)
	between("reply_allowance", p.ReplyAllowance, ms, time.Hour)
	between("payload_every", p.PayloadEvery, ms, 24*time.Hour)
	between("loop_every", p.LoopEvery, ms, 24*time.Hour)
	between("drop_every", p.DropEvery, ms, 24*time.Hour)
	between("mix_loop_every", p.MixLoopEvery, ms, 24*time.Hour)
	between("replicate_every", p.ReplicateEvery, ms, 24*time.Hour)
	between("bulletin_every", p.BulletinEvery, 10*ms, time.Hour)
	between("hold", p.Hold, 0, protocol.LongestHold/protocol.HoldCap)
	between("fetch_delay", p.FetchDelay, ms, time.Hour)
	between("catch_up", p.CatchUp, ms, 24*time.Hour)
	between("slow_delay", p.SlowDelay, 0, time.Hour)
	// A document serves three epochs and lists the storing sets of today and tomorrow: 3 × 8 h = 1
	// day.
	between("epoch_length", p.EpochLength, time.Second, 8*time.Hour)
}

func (p Parameters) checkRates(r *rules) {
	r.want(p.HopDelayLimit >= 5*p.MeanHopDelay, "hop_delay_limit",
		"is %s: want at least five times mean_hop_delay (%s), or the cut "+
			"shows", p.HopDelayLimit, 5*p.MeanHopDelay)
	drop, in := 1/p.DropEvery.Seconds(), 1/p.PayloadEvery.Seconds()+1/p.LoopEvery.Seconds()
	r.want(drop >= in/4, "drop_every",
		"is %s, λD = %.4g/s: want at least (λP + λL)/4 = %.4g/s, or the spool does not "+
			"drain", p.DropEvery, drop, in/4)
}

func (p Parameters) checkEpoch(r *rules) {
	r.want(p.EpochLength%(8*time.Millisecond) == 0, "epoch_length", "is %s: want a multiple of 8ms",
		p.EpochLength)
	r.want(p.Grace == protocol.KeyGrace(p.EpochLength), "epoch_length",
		"is %s: grace is %s, want a quarter of it", p.EpochLength, p.Grace)
	r.want(p.longestTrip() <= p.EpochLength/8, "epoch_length",
		"is %s: %d delays of at most %s and the reply allowance of %s are %s, more than an "+
			"eighth of it (%s)",
		p.EpochLength, p.Hops(), p.HopDelayLimit, p.ReplyAllowance, p.longestTrip(),
		p.EpochLength/8)
}

// checkBulletins refuses what lets a fetch be told by when it comes, and slow packets that do not
// fit into the life of a key.
func (p Parameters) checkBulletins(r *rules) {
	r.want(p.FetchDelay >= 10*p.MeanHopDelay, "fetch_delay",
		"is %s: want at least ten times mean_hop_delay (%s), or a fetch follows its bulletin",
		p.FetchDelay, 10*p.MeanHopDelay)
	r.want(4*p.SlowMargin() <= p.EpochLength, "slow_delay",
		"is %s: no slow packet leaves in the last %s of an epoch, want at most a quarter of "+
			"it (%s)", p.SlowDelay, p.SlowMargin(), p.EpochLength)
}
