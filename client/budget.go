package client

import (
	"math"
	"time"

	"murmuration/client/crowd"
	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Budget is what a client of a network costs and gets, whether or not its person does anything.
type Budget struct {
	FrameBytes    int     // of one exchange, each way, inside TLS
	FramesPerDay  float64 // each way
	BytesPerDay   float64 // each way, TLS and TCP/IP included
	WorkPerDay    float64 // requests of the work lane
	ContentPerDay float64
	RoundTrip     time.Duration
	PostWindow    sender.Window // for one box to be stored
	// of where a packet went, for a watcher of all links; 0: not known yet
	Entropy float64

	// A full network: of Clients people who write the boxes of their cover and no more.
	Clients   int
	Whole     int           // up to so many people everybody fetches everything
	Crowd     float64       // others who fetch a box that one reads, at the least
	Bulletins float64       // bytes a second of what providers list
	Free      float64       // bytes a second of exchanges without a reply, which carry them
	PostRead  time.Duration // mean from writing a post to reading it, both people always online
	PostSlow  time.Duration // the same for a slow one

	// Write tokens, where there are so many providers as Bulletins counts; zero: none are needed.
	Tokens     int // a day
	TokenAsks  int // questions a day, each in place of a packet of the drop stream
	TokenBytes int // a day, of the free ones
}

// What a frame grows by on its way to the cable, in bytes.
const (
	tlsOverhead = 22 // of TLS 1.3 for each record: header 5, content type 1, tag 16
	tlsRecord   = 16 << 10
	ipOverhead  = 52 // of TCP over IPv4 for each segment, timestamps included
	ipSegment   = 1448
)

// BudgetOf computes the budget from a network's parameters; it is zero for parameters without a
// suite.
func BudgetOf(p directory.Parameters) Budget {
	params, err := p.PacketParams()
	if err != nil {
		return Budget{}
	}
	const day = float64(24 * time.Hour / time.Second)
	frame := params.PacketSize() + protocol.ExchangeOverhead
	onWire := frame + (frame+tlsRecord-1)/tlsRecord*tlsOverhead
	onWire += (onWire + ipSegment - 1) / ipSegment * ipOverhead
	frames, work := day*p.Streams().PerSecond(), day*p.Streams().WorkPerSecond()
	b := Budget{
		FrameBytes: frame, FramesPerDay: frames, BytesPerDay: frames * float64(onWire),
		WorkPerDay: work, ContentPerDay: work * float64(p.BoxPlaintext-box.RecordHeaderSize),
		RoundTrip: sender.RoundTrip(p), PostWindow: sender.ExpectSlow(p, 1),
	}
	b.addCrowd(p)
	if n := p.Batch(storing); n > 0 {
		b.Tokens, b.TokenAsks = storing*n, storing
		b.TokenBytes = storing * bulletin.TokensSize(n)
	}
	return b
}

// addCrowd computes what bulletins cost and give in a full network (docs/client.md, "The crowd").
func (b *Budget) addCrowd(p directory.Parameters) {
	const day = float64(24 * time.Hour / time.Second)
	written := float64(p.WritesPerDay) / day // boxes a second of one person
	slots := p.Streams().WorkPerSecond()
	b.Clients, b.Whole = p.Clients, int(crowd.Whole*slots/written)
	b.Crowd = float64(b.Clients)
	if b.Clients > b.Whole {
		b.Crowd = p.FetchLoad * slots / written
	}
	listed := float64(p.Clients*p.Replicas) * written * p.BulletinEvery.Seconds()
	b.Bulletins = float64(protocol.BulletinBytes(storing, int(math.Ceil(listed)))) /
		p.BulletinEvery.Seconds()
	b.Free, _ = p.FreeBytes() // the suite is there
	b.PostRead = postRead(p)
	b.PostSlow = b.PostRead + slowWait(p)
}

// slowWait is what a slow post waits beside: at a mix on its way out, and, if it comes in the last
// part of an epoch, in which no slow packet leaves, for the next one. The event engine finds 294 s
// ± 26 (95 %) from post to read for 100 people on the default network, these formulas 298 s.
func slowWait(p directory.Parameters) time.Duration {
	margin := p.SlowMargin().Seconds()
	if p.SlowDelay == 0 {
		margin = 0
	}
	closed := margin * margin / (2 * p.EpochLength.Seconds())
	return p.SlowDelay + time.Duration(closed*float64(time.Second))
}

// storing is how many providers the budget is computed for: their number is not the preset's.
const storing = 10

// postRead adds up the means: a slot of the writer, the way to the holders, the hold, the rest of
// the bulletin slot, the next frame down, the wait before a fetch, a slot of the reader, of which
// the crowd takes a share, and a round trip.
func postRead(p directory.Parameters) time.Duration {
	s := p.Streams()
	slot := time.Duration(float64(time.Second) / s.WorkPerSecond())
	frame := time.Duration(float64(time.Second) / s.PerSecond())
	return slot + time.Duration(protocol.PathHops(p.Layers))*p.MeanHopDelay +
		p.Hold + p.BulletinEvery/2 + frame + p.FetchDelay +
		time.Duration(float64(slot)/(1-p.FetchLoad)) + sender.RoundTrip(p)
}

// entropyOf is the mean Shannon entropy, in bits, of where a packet went, for somebody who watches
// all links of the network and runs no mix: the closed form of docs/simulation.md for dense
// traffic. It counts what the least busy layer carried in the epoch before; what providers delay
// beside the mixes would only add. Where there is next to no traffic, it is zero, as it is before
// the first epoch was counted.
func entropyOf(d *directory.Document) float64 {
	p := d.Parameters
	least := uint64(math.MaxUint64)
	for layer := range p.Layers {
		var packets uint64
		for _, n := range d.Layer(layer + 1) {
			packets += n.Packets
		}
		least = min(least, packets)
	}
	// waiting in a layer, at one time
	waiting := float64(least) * float64(p.MeanHopDelay) / float64(p.EpochLength)
	return max(0, math.Log2(waiting)+protocol.ErlangEntropy(p.Layers))
}
