package des

import (
	"errors"
	"fmt"
	"time"
)

const (
	maxLayers  = 6 // a request and its reply then have 15 hops, which a hop counter of 4 bits holds
	maxNodes   = 1 << 16
	clientBits = 27
	maxClients = 1 << clientBits
	maxPlaces  = 64
	maxBundle  = 16
	maxPhoto   = 64
)

// Validate reports the first thing in the configuration that cannot be simulated.
func (c Config) Validate() error {
	for _, check := range []func(*Config) error{
		(*Config).checkShape, (*Config).checkTimes, (*Config).checkShares, (*Config).checkStreams,
		(*Config).checkWork, (*Config).checkGroups, (*Config).checkBoxes, (*Config).checkBulletins,
		(*Config).checkAttacks,
	} {
		if err := check(&c); err != nil {
			return fmt.Errorf("checking event simulation: %w", err)
		}
	}
	return nil
}

func (c *Config) checkShape() error {
	switch {
	case c.Clients < 1 || c.Clients > maxClients:
		return fmt.Errorf("%d clients, want 1 to %d", c.Clients, maxClients)
	case c.Layers < 1 || c.Layers > maxLayers:
		return fmt.Errorf("%d layers, want 1 to %d", c.Layers, maxLayers)
	case c.Providers < 1 || c.Width < 1:
		return fmt.Errorf("%d providers and %d mixes a layer, want at least one of each",
			c.Providers, c.Width)
	case c.Providers >= maxNodes || c.Width >= maxNodes || c.nodes() >= maxNodes:
		return fmt.Errorf("%d nodes, want fewer than %d", c.nodes(), maxNodes)
	case c.SpoolLimit < 1 || c.Queue < 0 || c.Samples < 0 || c.PacketSize < 0:
		return errors.New("spools that hold nothing, or a limit that is negative")
	case c.Tap != nil && c.PacketSize == 0:
		return errors.New("a tap that sees packets of no size")
	}
	return nil
}

func (c *Config) checkTimes() error {
	for _, t := range []struct {
		name string
		d    time.Duration
	}{
		{"warm-up", c.Warmup}, {"drain", c.Drain}, {"mean hop", c.MeanHop}, {"link", c.Link},
		{"link spread", c.LinkSpread}, {"client link", c.ClientLink},
		{"payload", c.PayloadEvery}, {"loop", c.LoopEvery}, {"drop", c.DropEvery},
		{"pull", c.PullEvery},
		{"online", c.OnlineFor}, {"offline", c.OfflineFor}, {"service", c.Service},
		{"mix loop", c.MixLoopEvery},
		{"mix loop time-out", c.MixLoopTimeout}, {"message", c.Messages.Every},
		{"request", c.Requests.Every},
		{"post", c.Groups.Every}, {"age scale", c.Boxes.AgeScale}, {"age cap", c.Boxes.AgeCap},
		{"decoy life", c.Boxes.DecoyLife}, {"allowance", c.Boxes.Allowance},
		{"replication", c.Boxes.Replicate}, {"bulletin slot", c.Bulletins.Every},
		{"hold", c.Bulletins.Hold}, {"fetch delay", c.Bulletins.FetchDelay},
		{"catch-up", c.Bulletins.CatchUp}, {"retention", c.Bulletins.Retention},
		{"slow delay", c.Bulletins.SlowDelay}, {"slow quiet", c.Bulletins.SlowQuiet},
		{"epoch", c.Bulletins.Epoch}, {"fork", c.Bulletins.Fork}, {"bait", c.Bulletins.Baits},
	} {
		if t.d < 0 {
			return fmt.Errorf("%s time %v is negative", t.name, t.d)
		}
	}
	if c.Duration <= 0 {
		return fmt.Errorf("duration %v is not positive", c.Duration)
	}
	if err := c.checkLinks(); err != nil {
		return err
	}
	if (c.OnlineFor == 0) != (c.OfflineFor == 0) {
		return errors.New("sessions need both a mean time online and a mean time offline")
	}
	if c.DelayCap < 0 || c.DelayCap > 0 && c.DelayCap < 1 {
		return fmt.Errorf("delay cap of %v means, want 0 or at least 1", c.DelayCap)
	}
	return nil
}

func (c *Config) checkLinks() error {
	if c.LinkSpread > c.Link {
		return fmt.Errorf("links of %v±%v could take less than no time", c.Link, c.LinkSpread)
	}
	regions := 0
	for regions*regions < len(c.Regions) {
		regions++
	}
	if regions*regions != len(c.Regions) {
		return fmt.Errorf("%d times between regions, want a square number", len(c.Regions))
	}
	for _, d := range c.Regions {
		if d < 0 {
			return fmt.Errorf("time %v between regions is negative", d)
		}
	}
	if regions > 0 && c.LinkSpread > 0 {
		return errors.New("links have either a spread or regions")
	}
	return nil
}

func (c *Config) checkShares() error {
	for _, s := range []struct {
		name  string
		value float64
	}{
		{"link loss", c.Loss}, {"poll share", c.Boxes.PollShare},
		{"share of heavy users", c.Groups.Heavy}, {"share of slow posts", c.Bulletins.SlowPosts},
		{"share of posts with photos", c.Bulletins.PhotoShare},
		{"load of fetches", c.Bulletins.FetchLoad},
	} {
		if !(s.value >= 0 && s.value <= 1) {
			return fmt.Errorf("%s %v is not between 0 and 1", s.name, s.value)
		}
	}
	if !(c.Messages.Zipf >= 0 && c.Messages.Zipf <= 10) {
		return fmt.Errorf("Zipf exponent %v is not between 0 and 10", c.Messages.Zipf)
	}
	return nil
}

func (c *Config) checkStreams() error {
	switch {
	case c.PayloadEvery == 0 &&
		(c.Messages.Every > 0 || c.Requests.Every > 0 || c.Groups.Count > 0):
		return errors.New("a workload without a payload stream to carry it")
	case c.Retrieval > Exchange:
		return fmt.Errorf("retrieval %d is unknown", c.Retrieval)
	case c.Retrieval == Pull && c.PullEvery == 0:
		return errors.New("clients that pull need the time between pulls")
	case c.NoCover && c.Retrieval == Exchange && c.LoopEvery == 0 && c.DropEvery == 0:
		return errors.New("without cover nothing brings packets down in an exchange")
	}
	return nil
}

func (c *Config) checkWork() error {
	m := c.Messages
	switch {
	case m.Every > 0 && c.Clients < 2:
		return errors.New("messages need two clients")
	case m.Friends < 0 || m.Friends >= c.Clients:
		return fmt.Errorf("%d friends among %d clients", m.Friends, c.Clients)
	case m.FriendsOf < 0 || m.FriendsOf > c.Clients:
		return fmt.Errorf("%d of %d clients have friends", m.FriendsOf, c.Clients)
	case m.Senders < 0 || m.Senders > c.Clients:
		return fmt.Errorf("%d senders among %d clients", m.Senders, c.Clients)
	case c.Requests.Tries < 0 || c.Requests.Tries > 255:
		return fmt.Errorf("%d tries, want at most 255", c.Requests.Tries)
	case c.Requests.Tries == 0 && (c.Requests.Every > 0 || c.boxed()):
		return errors.New("requests that are never tried")
	}
	return nil
}

func (c *Config) checkGroups() error {
	g := c.Groups
	switch {
	case g.Count == 0:
		return nil
	case g.Count < 0 || g.Size < 2:
		return fmt.Errorf("%d groups of %d, want groups of at least two", g.Count, g.Size)
	case g.Size > c.Clients || g.Count > maxClients/g.Size:
		return fmt.Errorf("%d groups of %d among %d clients", g.Count, g.Size, c.Clients)
	case g.Strategy == PublishOnce && g.Count*g.Size > c.Clients:
		return fmt.Errorf("%d groups of %d need more than %d clients, each of whom polls for one",
			g.Count, g.Size, c.Clients)
	case g.Burst < 0 || g.Burst > 1<<10:
		return fmt.Errorf("bursts of %d posts, want at most %d", g.Burst, 1<<10)
	case g.Every == 0:
		return errors.New("groups need the time between posts")
	case g.Strategy > PublishOnce:
		return fmt.Errorf("group strategy %d is unknown", g.Strategy)
	case g.Strategy == PublishOnce && !c.boxed():
		return errors.New("publishing once needs boxes to watch, or bulletins")
	case g.Strategy != PublishOnce && c.boxed():
		return errors.New("with boxes, groups publish once")
	case g.Fanout < 0 || g.Bundle < 0 || g.Bundle > maxBundle:
		return fmt.Errorf("fanout %d, bundle %d: want at least 0 and at most %d", g.Fanout,
			g.Bundle, maxBundle)
	case g.Fanout == 0 && g.Strategy == Rollercoaster:
		return errors.New("Rollercoaster needs a fanout")
	case g.Heavy > 0 && g.HeavyWeight == 0:
		return errors.New("heavy users need a weight")
	case g.Bundle > 1 && c.Retrieval == Exchange:
		return errors.New("bundles are not part of the exchange protocol")
	case g.Bundle > 1 && c.Layers < 3:
		return errors.New("bundles split behind the second of at least three layers")
	case !(g.Timeout >= 0 && g.Timeout <= 1e6):
		return fmt.Errorf("a timeout of %v times the expected time", g.Timeout)
	case (g.Timeout > 0 || g.LateIdle) && g.Strategy != Rollercoaster:
		return errors.New("only Rollercoaster hands parts over to others")
	case g.Writers < 0 || g.Writers > g.Size || g.HeavyWeight < 0:
		return fmt.Errorf("%d writers in groups of %d, weight %v", g.Writers, g.Size, g.HeavyWeight)
	}
	return nil
}

func (c *Config) checkBoxes() error {
	b := c.Boxes
	switch {
	case b.Watched == 0:
		return nil
	case b.Watched < 0 || b.Watched > maxPlaces:
		return fmt.Errorf("%d watched boxes, want at most %d", b.Watched, maxPlaces)
	case b.AgeScale == 0 || b.DecoyLife == 0:
		return errors.New("watched boxes need the scale of their ages and the life of decoys")
	case c.Providers < 3:
		return fmt.Errorf("boxes need three storing providers, have %d", c.Providers)
	case c.Messages.Every > 0:
		return errors.New("with boxes, messages are posts to groups of two")
	case c.NoCover:
		return errors.New("polling is cover: boxes and no cover contradict each other")
	}
	return nil
}

func (c *Config) checkBulletins() error {
	b := c.Bulletins
	switch {
	case b.Every == 0:
		return nil
	case c.Boxes.Watched > 0:
		return errors.New("boxes are either watched or listed in bulletins")
	case c.Retrieval != Exchange:
		return errors.New("bulletins come in the frames of exchanges")
	case c.Providers < 3:
		return fmt.Errorf("bulletins need three storing providers, have %d", c.Providers)
	case c.workRate() == 0 || b.FetchLoad == 0 || b.FetchDelay == 0 || b.Retention == 0:
		return errors.New("bulletins without work slots, load, delay of fetches or retention")
	case c.Messages.Every > 0 || c.NoCover && b.WritesPerDay > 0:
		return errors.New("with bulletins, messages are posts to groups of two, under cover")
	case b.SlowPosts > 0 && b.SlowDelay == 0 || b.SlowQuiet > 0 && b.SlowQuiet >= b.Epoch:
		return errors.New("slow writes need a delay, and time in an epoch to leave")
	case c.OnlineFor > 0 && b.CatchUp == 0:
		return errors.New("who was away needs a window in which to catch up")
	case b.WritesPerDay < 0 || b.StreamPerDay < 0 || b.PhotoBoxes < 0 ||
		b.PhotoBoxes > maxPhoto || b.ReplyBody < 0 || b.ReplyBody > c.PacketSize:
		return errors.New("a number of boxes or bytes that cannot be")
	}
	return nil
}

func (c *Config) checkAttacks() error {
	for i, a := range c.Attacks {
		switch {
		case a.Kind > NMinusOne:
			return fmt.Errorf("attack %d: kind %d is unknown", i, a.Kind)
		case a.Node < 0 || a.Node >= c.nodes() || a.From < -1 || a.From >= c.nodes():
			return fmt.Errorf("attack %d: link from %d to %d among %d nodes", i, a.From, a.Node,
				c.nodes())
		case !(a.Share >= 0 && a.Share <= 1):
			return fmt.Errorf("attack %d: share %v is not between 0 and 1", i, a.Share)
		case a.Delay < 0 || a.Start < 0 || a.End < 0 || a.End > 0 && a.End < a.Start:
			return fmt.Errorf("attack %d: from %v to %v with delay %v", i, a.Start, a.End, a.Delay)
		case a.Target < 0 || a.Target >= c.Clients:
			return fmt.Errorf("attack %d: target %d of %d clients", i, a.Target, c.Clients)
		}
	}
	return nil
}
