package scenario

import "murmuration/internal/config"

// Clients says who sends and how much cover they make.
type Clients struct {
	Count        int             `toml:"count"`
	Rate         config.Rate     `toml:"rate"`
	PayloadEvery config.Duration `toml:"payload_every"`
	LoopEvery    config.Duration `toml:"loop_every"`
	DropEvery    config.Duration `toml:"drop_every"`
	Cover        bool            `toml:"cover"`
	BuildAhead   bool            `toml:"build_ahead"`
	Retrieval    string          `toml:"retrieval"`
	PullEvery    config.Duration `toml:"pull_every"`
	Spool        int             `toml:"spool"`
	Budget       config.Volume   `toml:"budget"`
	Packet       config.Size     `toml:"packet"`
	Session      config.Duration `toml:"session"`
	Absence      config.Duration `toml:"absence"`
}

// Boxes says how clients read and write boxes.
type Boxes struct {
	Watched        int             `toml:"watched"`
	PollShare      config.Share    `toml:"poll_share"`
	AgeScale       config.Duration `toml:"age_scale"`
	AgeCap         config.Duration `toml:"age_cap"`
	DecoyLife      config.Duration `toml:"decoy_life"`
	Allowance      config.Duration `toml:"allowance"`
	ReplicateAfter config.Duration `toml:"replicate_after"`

	Reading      string          `toml:"reading"`
	Bulletins    config.Duration `toml:"bulletin_every"`
	Hold         config.Duration `toml:"hold"`
	FetchDelay   config.Duration `toml:"fetch_delay"`
	FetchLoad    float64         `toml:"fetch_load"`
	WritesPerDay int             `toml:"writes_per_day"`
	StreamPerDay int             `toml:"stream_per_day"`
	CatchUp      config.Duration `toml:"catch_up"`
	SlowDelay    config.Duration `toml:"slow_delay"`
	SlowQuiet    config.Duration `toml:"slow_quiet"`
	Epoch        config.Duration `toml:"epoch"`
	Retention    config.Duration `toml:"retention"`
	Reply        config.Size     `toml:"reply"`
	AwaitStored  bool            `toml:"await_stored"`
}

// Workload says what people do over the network.
type Workload struct {
	Kind        string          `toml:"kind"`
	Every       config.Duration `toml:"every"`
	Friends     int             `toml:"friends"`
	FriendsOf   int             `toml:"friends_of"`
	Zipf        float64         `toml:"zipf"`
	Writers     int             `toml:"writers"`
	Tries       int             `toml:"tries"`
	Groups      int             `toml:"groups"`
	GroupSize   int             `toml:"group_size"`
	Posting     string          `toml:"posting"`
	Fanout      int             `toml:"fanout"`
	Bundle      int             `toml:"bundle"`
	AckTimeout  float64         `toml:"ack_timeout"`
	LateIdle    bool            `toml:"late_idle"`
	HeavyShare  config.Share    `toml:"heavy_share"`
	HeavyWeight float64         `toml:"heavy_weight"`
	Slow        config.Share    `toml:"slow"`
	Photos      config.Share    `toml:"photos"`
	PhotoBoxes  int             `toml:"photo_boxes"`
}

var peopleKeys = []Key{
	key(&field.Clients.Count, `1000`, flow|des|world, "clients"),
	key(&field.Clients.Rate, "", flow,
		"packets that all clients together send into the network; left out: what the three "+
			"streams of all clients give"),
	key(&field.Clients.PayloadEvery, `"1s"`, flow|des|world,
		"mean time between two slots of a client's payload stream, 1/λP"),
	key(&field.Clients.LoopEvery, "", flow|des|world,
		"mean time between two of its loops, 1/λL; left out: none"),
	key(&field.Clients.DropEvery, "", flow|des|world,
		"mean time between two of its drop packets, 1/λD; left out: none"),
	key(&field.Clients.Cover, `true`, des,
		"whether a payload slot without anything to say carries a dummy; false is a network "+
			"without cover, as a control"),
	key(&field.Clients.BuildAhead, `false`, des|world,
		"whether the packet of a slot is built when the slot before it is over, as our clients "+
			"do, so that what is wanted in between waits for the slot after"),
	key(&field.Clients.Retrieval, `"exchange"`, des|world,
		"how packets come from the spool: at once; all of them with each pull; one with each "+
			"packet sent up").choices("push", "pull", "exchange"),
	key(&field.Clients.PullEvery, `"1s"`, des, "time between two pulls"),
	key(&field.Clients.Spool, `64`, des|world, "packets that a provider keeps for one client"),
	key(&field.Clients.Budget, "", flow|des|world,
		"traffic of an idle client each way: the three streams are sped up or slowed down "+
			"together to meet it"),
	key(&field.Clients.Packet, `"22894B"`, flow|des|world,
		"bytes of one frame between client and provider"),
	key(&field.Clients.Session, "", des, "mean time that a client stays online; left out: always"),
	key(&field.Clients.Absence, "", des, "mean time that it then stays away"),
	key(&field.Boxes.Reading, `"polls"`, des|world,
		"how readers learn of boxes: they poll those that they watch; they read bulletins, in "+
			"which providers list what they got, and fetch a share of everything").choices(
		"polls", "bulletins",
	),
	key(&field.Boxes.Watched, `0`, des,
		"boxes that a client watches, decoys included; 0 is a network without boxes (default "+
			"network: 32)"),
	key(&field.Boxes.PollShare, `"25%"`, des, "payload slots that read watched boxes"),
	key(&field.Boxes.AgeScale, `"1h"`, des,
		"a watched box is polled with weight 1/(1 + age/age_scale)"),
	key(&field.Boxes.AgeCap, `"24h"`, des, "age beyond which that weight falls no more"),
	key(&field.Boxes.DecoyLife, `"6h"`, des, "mean life of a decoy among the watched boxes"),
	key(&field.Boxes.Allowance, "", des|world,
		"fixed time in which a provider executes a request; left out: none"),
	key(&field.Boxes.ReplicateAfter, "", des|world,
		"time until the second holder has a box; left out: at once"),
	key(&field.Boxes.Bulletins, `"15s"`, des|world, "bulletins: length of a bulletin slot"),
	key(&field.Boxes.Hold, `"15s"`, des|world,
		"bulletins: mean time that an author lets holders wait before they list a box; above "+
			"three times it is drawn again").orZero(),
	key(&field.Boxes.FetchDelay, `"20s"`, des|world,
		"bulletins: mean time between reading of a box and fetching it"),
	key(&field.Boxes.FetchLoad, `0.4`, des|world,
		"bulletins: share of a client's work slots that fetches for the crowd, where not "+
			"everybody can fetch everything"),
	key(&field.Boxes.WritesPerDay, `24`, des|world,
		"bulletins: boxes of cover that a client writes in a day online; what its person "+
			"writes takes the place of as many"),
	key(&field.Boxes.StreamPerDay, `0`, des|world,
		"bulletins: boxes of one author and day that are fetched live; 0 is all"),
	key(&field.Boxes.CatchUp, `"2h"`, des|world,
		"bulletins: time in which a client fetches what it missed"),
	key(&field.Boxes.SlowDelay, `"2min"`, des|world,
		"bulletins: mean of what a slow write waits in one mix on its way, and its reply in "+
			"one; half of the cover is slow").orZero(),
	key(&field.Boxes.SlowQuiet, `"690s"`, des,
		"bulletins: time at the end of each epoch in which nothing slow leaves with its "+
			"keys").orZero(),
	key(&field.Boxes.Epoch, `"1h"`, des|world,
		"bulletins: time between two changes of mixes' keys"),
	key(&field.Boxes.Retention, `"14d"`, des|world, "bulletins: age of the oldest boxes"),
	key(&field.Boxes.Reply, `"15698B"`, des,
		"bulletins: bytes of a reply in a frame; the rest of the frame carries bulletins"),
	key(&field.Boxes.AwaitStored, `false`, des,
		"bulletins: whether the next box of a run waits until the one before it is "+
			"acknowledged"),
	key(&field.Workload.Kind, `"none"`, des|world,
		"what people do: nothing; messages from client to client; round trips to providers; "+
			"posts to groups").choices("none", "messages", "requests", "groups"),
	key(&field.Workload.Every, `"10min"`, des|world,
		"mean time between two messages or requests of one client, or two posts of one group"),
	key(&field.Workload.Friends, `0`, des,
		"messages: size of each client's fixed set of recipients; 0 is everybody"),
	key(&field.Workload.FriendsOf, `0`, des,
		"messages: clients, the first ones, who have friends, while the others write to "+
			"everybody (Danezis 2003: 1); 0 is all"),
	key(&field.Workload.Zipf, `0.0`, des,
		"messages: exponent of Zipf's law over recipients, where friends is 0; 0 is uniform"),
	key(&field.Workload.Writers, `0`, des, "clients (of a group: members) who write; 0 is all"),
	key(&field.Workload.Tries, `16`, des, "requests, and writes of boxes: how often one is tried"),
	key(&field.Workload.Groups, `1`, des|world, "groups, to which clients are dealt in order"),
	key(&field.Workload.GroupSize, `128`, des|world,
		"members of a group, the one who posts included"),
	key(&field.Workload.Posting, `"boxes"`, des|world,
		"how a post reaches its group: a packet to each from its author; sent on by those who "+
			"have it; published once for all (needs boxes.watched or bulletins)").choices(
		"unicast", "rollercoaster", "boxes",
	),
	key(&field.Workload.Fanout, `2`, des,
		"Rollercoaster's k: children that each member who has a post serves in a round"),
	key(&field.Workload.Bundle, `1`, des,
		"Rollercoaster's p: packets that leave as one and split behind the second mix"),
	key(&field.Workload.AckTimeout, `0.0`, des,
		"Rollercoaster with absent members: the author hands the part of a member to another "+
			"when its acknowledgement takes so many times the expected time; 0 is never"),
	key(&field.Workload.LateIdle, `false`, des,
		"whether members who were offline when their copy came only read it, as somebody else "+
			"has taken their part"),
	key(&field.Workload.HeavyShare, `"0%"`, des, "members of a group who write more than others"),
	key(&field.Workload.HeavyWeight, `1.0`, des, "how many times as often they write"),
	key(&field.Workload.Slow, `"0%"`, des, "bulletins: posts that are written slowly"),
	key(&field.Workload.Photos, `"0%"`, des, "bulletins: posts that have a photo"),
	key(&field.Workload.PhotoBoxes, `8`, des, "bulletins: boxes of a photo"),
}
