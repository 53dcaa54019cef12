package directory

import (
	"math"
	"time"
)

// NodeID names a node on every packet and link: its Ed25519 identity key, 32 bytes.
type NodeID [32]byte

// NetworkID is SHA-256 of the genesis file's canonical bytes. It is bound into signatures, link
// handshakes and box contexts, so that no two networks mix.
type NetworkID [32]byte

// digest is SHA-256 of a document's signed bytes.
type Digest [32]byte

// TokenKey is the public key under which a holder gives write tokens for one day; zero is none.
type TokenKey [32]byte

// Role is what a node does.
type Role uint8

// The roles of nodes; a client is none of them and is nowhere listed.
const (
	RoleMix      Role = 1
	RoleProvider Role = 2
)

// Epoch counts epochs from the genesis; epoch 0 begins at Genesis.Start.
type Epoch uint64

// Latest stands for the newest document that the other side has, in questions.
const Latest = Epoch(math.MaxUint64)

// Schedule turns times into epochs and back.
type Schedule struct {
	Start  time.Time     // beginning of epoch 0, UTC
	Length time.Duration // of one epoch
}

// Parameters are the network-wide values: they stand in the genesis file and in every signed
// document, so that all clients look alike. Durations are whole milliseconds on the wire.
type Parameters struct {
	Suite          string        // "xwing" or "x25519"
	Layers         int           // of mixes between two providers
	BoxPlaintext   int           // bytes: 64 record header + content; 8,256 by default
	MeanHopDelay   time.Duration // 1/μ
	HopDelayLimit  time.Duration // senders draw again above it, hops drop what is over
	ReplyAllowance time.Duration // a reply leaves at arrival + its delay + this
	PayloadEvery   time.Duration // 1/λP
	LoopEvery      time.Duration // 1/λL
	DropEvery      time.Duration // 1/λD
	MixLoopEvery   time.Duration // 1/λM
	ReplicateEvery time.Duration // at least this lies between replication frames of a pair
	Replicas       int           // K holders of a box
	RetentionDays  int           // full days that a box is kept after its own
	EpochLength    time.Duration
	Grace          time.Duration // keys are accepted this much early and late: EpochLength/4
	Clients        int           // most clients that the network admits; 0: not stated

	BulletinEvery time.Duration // length of a bulletin slot
	Hold          time.Duration // mean that a box waits before it is announced
	FetchDelay    time.Duration // mean from reading of a box to asking for it
	FetchLoad     float64       // share of the work slots for the crowd; thousandths on the wire
	WritesPerDay  int           // boxes of cover that a client writes a day
	StreamPerDay  int           // boxes of one stream and day that are fetched live
	CatchUp       time.Duration // window in which what was missed is fetched
	SlowDelay     time.Duration // mean that a slow packet waits more, at one mix
	WriteTokens   int           // boxes that a client may write a day; 0: no tokens are asked for
}

// Node is one entry of a network document.
type Node struct {
	ID    NodeID `cbor:"1,keyasint"`
	Role  Role   `cbor:"2,keyasint"`
	Layer int    `cbor:"3,keyasint"` // 1 … Layers for a mix, 0 for a provider
	Name  string `cbor:"4,keyasint"`
	Addr  string `cbor:"5,keyasint"` // host:port of the link listener
	// Sphinx public keys of the document's epoch and the two after it
	Keys      [3][]byte `cbor:"6,keyasint"`
	Packets   uint64    `cbor:"7,keyasint"` // of its last epoch, to two significant digits
	Probation bool      `cbor:"8,keyasint"` // carries only loops of mixes
	// of the day in which the document's epoch begins and the day after; zero: it gives no tokens
	Tokens [2]TokenKey `cbor:"9,keyasint"`
	// Family is the operator's name for all of their nodes, of which no path has two; empty: alone.
	Family string `cbor:"10,keyasint,omitempty"`
	// Share is a mix's part of what its layer carries, 1 to 8, four being the part of the layer's
	// middle mix, for which 0 stands.
	Share int `cbor:"11,keyasint,omitempty"`
}

// Document is the network document of one epoch, valid for three.
type Document struct {
	Network    NetworkID
	Epoch      Epoch
	Previous   Digest // of the document before; zero in the first
	Parameters Parameters
	Nodes      []Node       // sorted by ID
	Storing    []StoringSet // one for every day still kept, today's and tomorrow's, sorted by day
	// Moved are the authorities that are not where the genesis says, sorted by ID
	Moved []Address
	// Void are documents that never serve, sorted by epoch: they were signed ahead of their time
	Void       []Voided
	Signatures []Signature // by authorities over the digest, sorted by authority
}

// Voided names a document that was signed ahead of its time, by clocks that were wrong.
type Voided struct {
	Epoch  Epoch  `cbor:"1,keyasint"`
	Digest Digest `cbor:"2,keyasint"`
}

// Address is where an authority takes links, by its own word.
type Address struct {
	ID   NodeID `cbor:"1,keyasint"`
	Addr string `cbor:"2,keyasint"` // host:port
}

// StoringSet lists the providers that store the boxes of one day. It is fixed when the day is first
// listed, the day before it begins, so that a box never moves.
type StoringSet struct {
	Day   uint16
	Nodes []NodeID // sorted
}

// Signature is one authority's Ed25519 signature.
type Signature struct {
	By    NodeID   `cbor:"1,keyasint"`
	Bytes [64]byte `cbor:"2,keyasint"`
	// Second has its place, and is left out while it is empty: see Second.
	Second Second `cbor:"3,keyasint,omitempty"`
}

// Second is where keys and signatures by ML-DSA-65 (FIPS 204) shall stand beside those by Ed25519,
// from the toolchain on that has crypto/mldsa; both must hold then. It is no bytes until then.
type Second [0]byte
