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
		WatchedBoxes: 32, PollShare: 0.25, Replicas: 2, RetentionDays: 14,
		EpochLength: time.Hour, Grace: protocol.KeyGrace(time.Hour),
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

// Streams are those of a client.
func (p Parameters) Streams() protocol.Streams {
	return protocol.Streams{
		Payload: p.PayloadEvery, Loop: p.LoopEvery, Drop: p.DropEvery, PollShare: p.PollShare,
	}
}

// writesPerPair is the mean number of writes per second that one provider passes on to one other
// when every client writes in every work slot.
func (p Parameters) writesPerPair(clients, providers int) float64 {
	if providers < 2 {
		return 0
	}
	writes := float64(clients) * p.Streams().WorkPerSecond()
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
	WatchedBoxes   uint32 `cbor:"12,keyasint"`
	PollShare      uint32 `cbor:"13,keyasint"`
	Replicas       uint32 `cbor:"14,keyasint"`
	RetentionDays  uint32 `cbor:"15,keyasint"`
	EpochLength    uint32 `cbor:"16,keyasint"`
	Clients        uint32 `cbor:"17,keyasint"`
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
		WatchedBoxes: uint32(p.WatchedBoxes), PollShare: uint32(math.Round(p.PollShare * 1000)),
		Replicas: uint32(p.Replicas), RetentionDays: uint32(p.RetentionDays),
		EpochLength: millis(p.EpochLength), Clients: uint32(p.Clients),
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
		WatchedBoxes: int(w.WatchedBoxes), PollShare: float64(w.PollShare) / 1000,
		Replicas: int(w.Replicas), RetentionDays: int(w.RetentionDays),
		EpochLength: fromMillis(w.EpochLength), Grace: protocol.KeyGrace(fromMillis(w.EpochLength)),
		Clients: int(w.Clients),
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
