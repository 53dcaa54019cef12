package box

// Op is what a request asks for.
type Op uint8

// The operations. 1 was once to read a box by its id, which only those who follow it know.
const (
	OpWrite     Op = 2 // store a box
	OpTombstone Op = 3 // store a signed nothing
	OpDigest    Op = 4 // the digest of the network document of an epoch
	OpFetch     Op = 5 // the box that this provider listed in a slot under an entry
	OpBulletin  Op = 6 // a piece of what a maker said in bulletins
)

// Status is what a reply says.
type Status uint8

// The statuses. A box that is absent, was never written, was never listed or stood under another id
// is NotFound, with the same bytes around it.
const (
	StatusFound      Status = 1 // with day, id, signature and ciphertext
	StatusNotFound   Status = 2
	StatusStored     Status = 3 // durable here, now or before
	StatusConflict   Status = 4 // another content stands there: with its signature and ciphertext
	StatusFull       Status = 5 // no room for data; fetches and tombstones still work
	StatusTombstoned Status = 6 // nothing is there: with day, id, and the signature over nothing
	StatusDigest     Status = 7 // with epoch and digest
	StatusBulletin   Status = 8 // with the question, and a piece of its answer
	StatusUnpaid     Status = 9 // nothing is stored: its token is none, or spent on another box
)

func (s Status) String() string {
	names := [...]string{"unknown", "found", "not found", "stored", "conflict", "full",
		"tombstoned", "digest", "bulletin", "unpaid"}
	if int(s) >= len(names) {
		s = 0
	}
	return names[s]
}

// Request is one operation. Fields that its operation does not use are zero.
type Request struct {
	Op    Op
	Hold  uint8    // OpWrite: half seconds that the box shall not be listed yet
	Day   Day      // OpWrite, OpTombstone
	Box   Box      // OpWrite: all; OpTombstone: no ciphertext
	Token Token    // OpWrite: what pays for it; zero: nothing
	Epoch uint64   // OpDigest
	Fetch FetchKey // OpFetch
	Ask   Question // OpBulletin
	Proof []byte   // OpBulletin: what is handed over with it, at most Format.ProofSize bytes
}

// Verify checks what a provider must before it writes: id and signature. That a tombstone is for
// this day follows from the id, which BACAP derives with the day in its context: the same signature
// fits no other day's box.
func (r Request) Verify() error {
	if r.Op == OpWrite || r.Op == OpTombstone {
		return r.Box.Verify()
	}
	return nil
}

// Field is what the request has in the place of the id. All replies but found and tombstoned repeat
// it, in their Box.ID, and the day.
func (r Request) Field() ID {
	switch r.Op {
	case OpFetch:
		return r.Fetch.field()
	case OpBulletin:
		return r.Ask.field()
	}
	return r.Box.ID
}

// Refusal is the reply to the request that has nothing to say but a status: not found, stored,
// full or unpaid.
func (r Request) Refusal(status Status) Reply {
	return Reply{Status: status, Day: r.Day, Box: Box{ID: r.Field()}}
}

// Head is what a provider attests in every reply of the bulletins that it has (docs/bulletin.md);
// the box room carries it and does not look.
type Head [32]byte

// Reply answers a request. Fields that its status does not use are zero.
type Reply struct {
	Status Status
	Day    Day      // of the box that was found or tombstoned, else as in the request
	Box    Box      // found, conflict: all; tombstoned: no ciphertext; else the request's field
	Epoch  uint64   // StatusDigest
	Digest [32]byte // StatusDigest
	Head   Head     // with any status

	// StatusBulletin: the question (its field stands in no Box.ID), of how many pieces the answer
	// is, at least 1, and the one that was asked for, at most Format.PieceSize bytes.
	Ask    Question
	Pieces uint16
	Data   []byte
}

// Answers reports whether the reply may be one to the request: its status is one of the operation,
// and it is about the same thing. Anybody can tell who has the entry that was fetched; that a box
// and its signature verify is for Box.Verify.
func (r Reply) Answers(q Request) bool {
	switch r.Status {
	case StatusDigest:
		return q.Op == OpDigest && r.Epoch == q.Epoch
	case StatusBulletin:
		return q.Op == OpBulletin && r.Ask == q.Ask
	case StatusFound, StatusTombstoned:
		if q.Op == OpFetch {
			return EntryOf(r.Box.ID) == q.Fetch.Entry
		}
	}
	return q.Op.may(r.Status) && r.Day == q.Day && r.Box.ID == q.Field()
}

// may reports whether the status is one of the operation.
func (o Op) may(s Status) bool {
	switch s {
	case StatusConflict, StatusTombstoned, StatusUnpaid:
		return o == OpWrite
	case StatusStored, StatusFull:
		return o == OpWrite || o == OpTombstone
	case StatusNotFound:
		return o != OpDigest
	}
	return false
}
