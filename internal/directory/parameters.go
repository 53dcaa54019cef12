package directory

import (
	"fmt"
	"math"
	"time"

	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// Defaults gives the default network of a suite (docs/directory.md). The suites differ in packet
// size, so that they differ in rates for the same budget of about 390 MB a day each way.
func Defaults(suite string) (Parameters, error) {
	p := Parameters{
		Suite: suite, Layers: 3, BoxPlaintext: protocol.DefaultPlaintext,
		MeanHopDelay: 2 * time.Second, HopDelayLimit: 20 * time.Second,
		ReplyAllowance: 50 * time.Millisecond,
		MixLoopEvery:   10 * time.Second, ReplicateEvery: 500 * time.Millisecond,
		Replicas: 2, RetentionDays: 14,
		EpochLength: time.Hour, Grace: protocol.KeyGrace(time.Hour),
		Clients:       1000,
		BulletinEvery: 15 * time.Second, Hold: 15 * time.Second,
		FetchDelay: 20 * time.Second, FetchLoad: 0.4, WritesPerDay: 24, StreamPerDay: 64,
		CatchUp: protocol.CatchUp, SlowDelay: 2 * time.Minute, WriteTokens: 300,
	}
	switch suite {
	case "xwing":
		p.PayloadEvery, p.LoopEvery, p.DropEvery = 10*time.Second, 40*time.Second, 15*time.Second
	case "x25519":
		p.PayloadEvery, p.LoopEvery, p.DropEvery = 4*time.Second, 20*time.Second, 6*time.Second
	default:
		return Parameters{}, fmt.Errorf("no defaults for suite %q: there are xwing and x25519",
			suite)
	}
	return p, nil
}

// Ciphertext is the size of a sealed box in bytes.
func (p Parameters) Ciphertext() int { return protocol.CiphertextSize(p.BoxPlaintext) }

// Request is the size of a box request in bytes, which is the user payload of every packet.
func (p Parameters) Request() int { return protocol.RequestSize(p.BoxPlaintext) }

// PacketParams are the sizes of the network's packets.
func (p Parameters) PacketParams() (*sphinx.Params, error) {
	return protocol.PacketParams(p.Suite, p.Layers, p.BoxPlaintext)
}

// Hops is how many hops delay a request and its reply together: 2 providers and the layers on the
// way there, the layers and the client's provider on the way back.
func (p Parameters) Hops() int { return 2*p.Layers + 3 }

// longestTrip bounds the time from sending a request to its reply in the spool.
func (p Parameters) longestTrip() time.Duration {
	return time.Duration(p.Hops())*p.HopDelayLimit + p.ReplyAllowance
}

// SlowMargin is how long before the end of an epoch the last slow packet leaves: what it may wait
// at mixes and travel, and an eighth of an epoch, less the grace of the keys.
func (p Parameters) SlowMargin() time.Duration {
	return max(0, 2*protocol.SlowCap*p.SlowDelay+p.longestTrip()+p.EpochLength/8-p.Grace)
}

// FreeBytes is how many bytes a second of the exchanges of a client carry no reply, and bulletins
// in their place: what a reply leaves of a down frame, and all of one without a reply.
func (p Parameters) FreeBytes() (float64, error) {
	params, err := p.PacketParams()
	if err != nil {
		return 0, err
	}
	replies := 1/p.PayloadEvery.Seconds() + 1/p.LoopEvery.Seconds()
	return replies*float64(params.PacketSize()-params.BodySize()) +
		float64(params.PacketSize())/p.DropEvery.Seconds(), nil
}

// Streams are those of a client.
func (p Parameters) Streams() protocol.Streams {
	return protocol.Streams{
		Payload: p.PayloadEvery, Loop: p.LoopEvery, Drop: p.DropEvery,
	}
}

// unbounded is how many boxes a day a client is taken to write where no tokens bound it.
const unbounded = 300

// mostWrites is how many boxes a day a client may write, its cover included, for which replication
// has room.
func (p Parameters) mostWrites() int {
	if p.WriteTokens == 0 {
		return unbounded
	}
	return p.WriteTokens
}

// Batch is how many tokens one holder gives one client for a day on which so many store: its share,
// in whole eights, and no more than a question has room for. 0: none are given.
func (p Parameters) Batch(storing int) int {
	params, err := p.PacketParams()
	if p.WriteTokens == 0 || storing < 1 || err != nil {
		return 0
	}
	const unit = protocol.BatchUnit
	share := (p.WriteTokens + storing - 1) / storing
	room := (params.PacketSize() - protocol.QuestionHead) / protocol.TokenElement / unit * unit
	return min(max(unit, (share+unit-1)/unit*unit), room, protocol.MostTokens)
}

// Listings is the most that each of so many makers lists in one bulletin: twice what all clients
// write in its slot, and at least 16.
func (p Parameters) Listings(makers int) int {
	const day = 24 * time.Hour
	written := 2 * float64(p.Clients) * float64(p.WritesPerDay) * float64(p.Replicas) *
		float64(p.BulletinEvery) / (float64(day) * float64(max(makers, 1)))
	return int(min(max(math.Ceil(written), protocol.MinBulletinEntries),
		protocol.MaxBulletinEntries))
}

// ReplicateAmong is how long lies between two replication frames from one of so many storing
// providers to another: as long as what clients may write, twice over, and what a provider may list
// still goes on in time, at most half a bulletin slot, and never less than ReplicateEvery. With it
// the traffic of all pairs follows what they may have to pass on, and nothing that they do.
func (p Parameters) ReplicateAmong(providers int) time.Duration {
	rate := max(2*p.writesPerPair(p.Clients, providers), p.listedPerPair(providers),
		2/p.BulletinEvery.Seconds())
	every := time.Duration(float64(time.Second) / rate).Truncate(time.Millisecond)
	return max(p.ReplicateEvery, every)
}

// listedPerPair is the mean number of writes per second that one provider passes on to one other
// when all that it can list is written to it.
func (p Parameters) listedPerPair(providers int) float64 {
	if providers < 2 {
		return 0
	}
	listed := float64(p.Listings(providers)) / p.BulletinEvery.Seconds()
	return listed * float64(p.Replicas-1) / float64(providers-1)
}

// writesPerPair is the mean number of writes per second that one provider passes on to one other
// when every client writes all the boxes that it may.
func (p Parameters) writesPerPair(clients, providers int) float64 {
	if providers < 2 {
		return 0
	}
	writes := float64(clients) * float64(p.mostWrites()) / (24 * time.Hour).Seconds()
	return writes * float64(p.Replicas-1) / float64(providers*(providers-1))
}

// wireParameters is what stands in genesis and documents: milliseconds, thousandths. Grace follows
// from the epoch and is not written.
type wireParameters struct {
	Suite          string `cbor:"1,keyasint"`
	Layers         uint32 `cbor:"2,keyasint"`
	BoxPlaintext   uint32 `cbor:"3,keyasint"`
	MeanHopDelay   uint32 `cbor:"4,keyasint"`
	HopDelayLimit  uint32 `cbor:"5,keyasint"`
	ReplyAllowance uint32 `cbor:"6,keyasint"`
	PayloadEvery   uint32 `cbor:"7,keyasint"`
	LoopEvery      uint32 `cbor:"8,keyasint"`
	DropEvery      uint32 `cbor:"9,keyasint"`
	MixLoopEvery   uint32 `cbor:"10,keyasint"`
	ReplicateEvery uint32 `cbor:"11,keyasint"`
	Replicas       uint32 `cbor:"12,keyasint"`
	RetentionDays  uint32 `cbor:"13,keyasint"`
	EpochLength    uint32 `cbor:"14,keyasint"`
	Clients        uint32 `cbor:"15,keyasint"`
	BulletinEvery  uint32 `cbor:"16,keyasint"`
	Hold           uint32 `cbor:"17,keyasint"`
	FetchDelay     uint32 `cbor:"18,keyasint"`
	FetchLoad      uint32 `cbor:"19,keyasint"`
	WritesPerDay   uint32 `cbor:"20,keyasint"`
	StreamPerDay   uint32 `cbor:"21,keyasint"`
	CatchUp        uint32 `cbor:"22,keyasint"`
	SlowDelay      uint32 `cbor:"23,keyasint"`
	WriteTokens    uint32 `cbor:"24,keyasint"`
}

func millis(d time.Duration) uint32     { return uint32(d / time.Millisecond) }
func fromMillis(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }

func (p Parameters) wire() wireParameters {
	return wireParameters{
		Suite: p.Suite, Layers: uint32(p.Layers), BoxPlaintext: uint32(p.BoxPlaintext),
		MeanHopDelay: millis(p.MeanHopDelay), HopDelayLimit: millis(p.HopDelayLimit),
		ReplyAllowance: millis(p.ReplyAllowance),
		PayloadEvery:   millis(p.PayloadEvery), LoopEvery: millis(p.LoopEvery),
		DropEvery:    millis(p.DropEvery),
		MixLoopEvery: millis(p.MixLoopEvery), ReplicateEvery: millis(p.ReplicateEvery),
		Replicas: uint32(p.Replicas), RetentionDays: uint32(p.RetentionDays),
		EpochLength: millis(p.EpochLength), Clients: uint32(p.Clients),
		BulletinEvery: millis(p.BulletinEvery), Hold: millis(p.Hold),
		FetchDelay: millis(p.FetchDelay), FetchLoad: uint32(math.Round(p.FetchLoad * 1000)),
		WritesPerDay: uint32(p.WritesPerDay), StreamPerDay: uint32(p.StreamPerDay),
		CatchUp: millis(p.CatchUp), SlowDelay: millis(p.SlowDelay),
		WriteTokens: uint32(p.WriteTokens),
	}
}

func (w wireParameters) parameters() Parameters {
	return Parameters{
		Suite: w.Suite, Layers: int(w.Layers), BoxPlaintext: int(w.BoxPlaintext),
		MeanHopDelay: fromMillis(w.MeanHopDelay), HopDelayLimit: fromMillis(w.HopDelayLimit),
		ReplyAllowance: fromMillis(w.ReplyAllowance),
		PayloadEvery:   fromMillis(w.PayloadEvery), LoopEvery: fromMillis(w.LoopEvery),
		DropEvery:    fromMillis(w.DropEvery),
		MixLoopEvery: fromMillis(w.MixLoopEvery), ReplicateEvery: fromMillis(w.ReplicateEvery),
		Replicas: int(w.Replicas), RetentionDays: int(w.RetentionDays),
		EpochLength: fromMillis(w.EpochLength), Grace: protocol.KeyGrace(fromMillis(w.EpochLength)),
		Clients:       int(w.Clients),
		BulletinEvery: fromMillis(w.BulletinEvery), Hold: fromMillis(w.Hold),
		FetchDelay: fromMillis(w.FetchDelay), FetchLoad: float64(w.FetchLoad) / 1000,
		WritesPerDay: int(w.WritesPerDay), StreamPerDay: int(w.StreamPerDay),
		CatchUp: fromMillis(w.CatchUp), SlowDelay: fromMillis(w.SlowDelay),
		WriteTokens: int(w.WriteTokens),
	}
}

// MarshalCBOR writes the canonical form.
func (p Parameters) MarshalCBOR() ([]byte, error) { return encMode.Marshal(p.wire()) }

// UnmarshalCBOR reads the canonical form; the caller compares the bytes of the whole and validates.
func (p *Parameters) UnmarshalCBOR(b []byte) error {
	var w wireParameters
	if err := decMode.Unmarshal(b, &w); err != nil {
		return err
	}
	*p = w.parameters()
	return nil
}
