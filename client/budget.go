package client

import (
	"math"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
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
	PollEvery     time.Duration // mean time between two polls of one of W equal boxes
	RoundTrip     time.Duration
	PostWindow    sender.Window // for one box to be stored
	// of where a packet went, for a watcher of all links; 0: not known yet
	Entropy float64
}

// What a frame grows by on its way to the cable, in bytes.
const (
	tlsOverhead = 22 // of TLS 1.3 for each record: header 5, content type 1, tag 16
	tlsRecord   = 16 << 10
	ipOverhead  = 52 // of TCP over IPv4 for each segment, timestamps included
	ipSegment   = 1448
)

// budgetOf computes the budget from a network's parameters; it is zero for parameters without a
// suite.
func budgetOf(p directory.Parameters) Budget {
	params, err := p.PacketParams()
	if err != nil {
		return Budget{}
	}
	const day = float64(24 * time.Hour / time.Second)
	frame := params.PacketSize() + protocol.ExchangeOverhead
	onWire := frame + (frame+tlsRecord-1)/tlsRecord*tlsOverhead
	onWire += (onWire + ipSegment - 1) / ipSegment * ipOverhead
	frames, work := day*p.Streams().PerSecond(), day*p.Streams().WorkPerSecond()
	pollEvery := float64(p.WatchedBoxes) / p.Streams().PollsPerSecond()
	return Budget{
		FrameBytes: frame, FramesPerDay: frames, BytesPerDay: frames * float64(onWire),
		WorkPerDay: work, ContentPerDay: work * float64(p.BoxPlaintext-box.RecordHeaderSize),
		PollEvery: time.Duration(pollEvery * float64(time.Second)),
		RoundTrip: sender.RoundTrip(p), PostWindow: sender.Expect(p, 1),
	}
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
