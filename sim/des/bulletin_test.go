package des

import (
	"math"
	"testing"
	"time"

	"murmuration/internal/long"
	"murmuration/internal/protocol"
)

// listing is our network with bulletins: as ours, on the delays of the default network.
func listing(clients int) Config {
	c := ours()
	c.Warmup, c.Duration, c.Drain = 2*time.Hour, 2*time.Hour, 4*time.Hour
	c.Clients, c.MeanHop = clients, 2*time.Second
	c.PayloadEvery, c.LoopEvery, c.DropEvery = 10*time.Second, 40*time.Second, 15*time.Second
	c.PacketSize, c.BuildAhead = 22894, true
	c.Boxes = Boxes{Allowance: 50 * time.Millisecond, Replicate: time.Second / 2}
	c.Groups = Groups{
		Count: clients / 20, Size: 20, Every: 30 * time.Minute, Strategy: PublishOnce,
	}
	c.Bulletins = Bulletins{
		Every: 15 * time.Second, Hold: 15 * time.Second, FetchDelay: 20 * time.Second,
		FetchLoad: 0.4, WritesPerDay: 24, CatchUp: 2 * time.Hour, Retention: 14 * 24 * time.Hour,
		SlowDelay: 2 * time.Minute, SlowQuiet: 690 * time.Second, Epoch: time.Hour,
		ReplyBody: 15698,
	}
	return c
}

// Where everybody can fetch everything, everybody does: all but the readers are the crowd of a box.
func TestEverybodyFetchesEverything(t *testing.T) {
	t.Parallel()
	r := run(t, listing(100))
	if d := value(t, r, "delivered"); d != 1 {
		t.Errorf("only %v of the posts were read", d)
	}
	if m := value(t, r, "latency_s_mean"); m < 90 || m > 125 {
		t.Errorf("read after %v s", m)
	}
	if s := value(t, r, "read_by_decoys"); s < 0.2 || s > 0.45 {
		t.Errorf("%v of the readings came by a decoy", s)
	}
	if crowd := value(t, r, "crowd_per_box"); crowd < 93 || crowd > 100 {
		t.Errorf("%v of 100 clients fetch a box that they do not read", crowd)
	}
	want := float64(protocol.BulletinBytes(4, 0)) / 15
	want += 2 * 5 * value(t, r, "boxes_listed_per_s")
	near(t, "bytes of bulletins", value(t, r, "stream_live_bytes_per_s"), want, 0.02)
	// 7,164 bytes beside a reply, 22,862 where there is none.
	near(t, "free bytes", value(t, r, "stream_free_bytes_per_s"), 2420, 0.02)
}

// Where that is too much, a share of the clients fetches each box: as many work slots as there are
// for it, by the boxes that each client writes, whatever the number of clients.
func TestCrowdOfABox(t *testing.T) {
	long.Only(t)
	t.Parallel()
	c := listing(200)
	c.Duration = 6 * time.Hour
	c.Groups, c.Bulletins.WritesPerDay = Groups{}, 192
	r := run(t, c)
	near(t, "crowd of a box", value(t, r, "crowd_per_box"),
		0.4*0.125/value(t, r, "boxes_listed_per_s")*200, 0.1)
	near(t, "boxes listed", value(t, r, "boxes_listed_per_s"), 200*192./86400, 0.1)
}

// Where everybody can just fetch everything, long runs of boxes that come together would fill the
// queues: for some minutes a share of the clients fetches each, and posts are not slower than
// elsewhere.
func TestRunsThatComeTogether(t *testing.T) {
	long.Only(t)
	t.Parallel()
	c := listing(280)
	c.Duration = 6 * time.Hour
	r := run(t, c)
	if m, late := value(t, r, "latency_s_mean"), value(t, r, "fetches_crowded_out"); m > 120 ||
		late > 50 {
		t.Errorf("read after %.0f s, %v fetches put off", m, late)
	}
	if crowd := value(t, r, "crowd_per_box"); crowd < 0.55*280 {
		t.Errorf("%.0f of 280 fetch a box that they do not read", crowd)
	}
}

// A post takes the place of cover: who posts writes no more boxes than who does not.
func TestPostsReplaceCover(t *testing.T) {
	long.Only(t)
	t.Parallel()
	c := listing(60)
	c.Warmup, c.Duration = 3*time.Hour, 30*time.Hour
	idle := c
	idle.Groups = Groups{}
	c.Groups.Every = 2 * time.Hour // 12 of 24 boxes a day, of twenty people
	posts, none := value(t, run(t, c), "boxes_listed_per_s"), value(t, run(t, idle),
		"boxes_listed_per_s")
	near(t, "boxes of those who post against those who do not", posts/none, 1, 0.15)
}

// Slow posts take longer, by their wait at a mix on the way there and the time in which nothing
// slow leaves. A photo comes in the boxes after its post.
func TestSlowPostsAndPhotos(t *testing.T) {
	long.Only(t)
	t.Parallel()
	c := listing(100)
	quick := value(t, run(t, c), "latency_s_mean")
	c.Bulletins.SlowPosts = 1
	slow := value(t, run(t, c), "latency_s_mean") - quick
	quiet := 315. * 315 / 3600 / 2 // 240 s, and until a slot draws the next keys
	wait := 120 * (1 - 4*math.Exp(-4)/(1-math.Exp(-4)))
	if math.Abs(slow-wait-quiet) > 30 {
		t.Errorf("slow posts take %.0f s longer, expected %.0f and %.0f", slow, wait, quiet)
	}
	c.Bulletins.SlowPosts, c.Bulletins.PhotoShare, c.Bulletins.PhotoBoxes = 0, 1, 8
	r := run(t, c)
	photo := value(t, r, "photo_s_mean")
	if photo < 1.5*quick || photo > 450 {
		t.Errorf("a photo is there after %.0f s", photo)
	}
	c.Bulletins.AwaitStored = true
	if waiting := value(t, run(t, c), "photo_s_mean"); waiting < photo+100 {
		t.Errorf("%.0f s if each box waits for the one before it, %.0f s if not", waiting, photo)
	}
}

// Who was away gets what was missed within the window, and what is new as fast as others.
func TestCatchUp(t *testing.T) {
	long.Only(t)
	t.Parallel()
	c := listing(100)
	c.OnlineFor, c.OfflineFor = 8*time.Hour, 16*time.Hour
	c.Warmup, c.Duration, c.Drain = 8*time.Hour, 20*time.Hour, 60*time.Hour
	r := run(t, c)
	if d := value(t, r, "delivered"); d < 0.97 {
		t.Errorf("%v of the posts were read", d)
	}
	if m := value(t, r, "fresh_s_mean"); m > 150 {
		t.Errorf("fresh posts are read after %.0f s", m)
	}
	if m := value(t, r, "missed_s_p50"); m < 1000 || m > 7200 {
		t.Errorf("half of the missed posts are read %.0f s after coming back", m)
	}
	if missed := value(t, r, "slots_missed"); missed < 0.01 || missed > 0.35 {
		t.Errorf("%v of the work slots catch up", missed)
	}
}

// What is lost is asked for again.
func TestLostFetches(t *testing.T) {
	t.Parallel()
	c := listing(60)
	c.Loss, c.Drain = 0.02, 100*time.Hour
	if d := value(t, run(t, c), "delivered"); d < 0.999 {
		t.Errorf("%v of the posts were read", d)
	}
}
