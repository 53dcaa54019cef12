package box

// SetLimit makes a memory store full or not.
func SetLimit(s *MemStore, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = 0
	if full {
		s.limit = 1
	}
}

// IDInContext, SealInContext and Context reach below the network and the day, where hpqc's vectors
// are.
func IDInContext(r *ReadCap, i Index, ctx []byte) ID { return r.id(i, ctx) }

func SealInContext(w *WriteCap, i Index, ctx, plaintext []byte) Box {
	return w.seal(i, ctx, plaintext)
}

// SealByBACAP is what bacap itself makes of the same box.
func SealByBACAP(w *WriteCap, i Index, ctx, plaintext []byte) Box {
	id, ciphertext, sig := i.m.EncryptForContext(w.cap, ctx, plaintext)
	return Box{ID: id, Ciphertext: ciphertext, Signature: Signature(sig)}
}

func Context(network NetworkID, day Day) []byte { return boxContext(network, day) }

// Names that only the tests of this package use.
const IndexSize = indexSize
const MaxAdvance = maxAdvance
const WriteCapSize = writeCapSize

var ErrBadCapability = errBadCapability
var ErrBadID = errBadID
var ErrBadRecord = errBadRecord
var ErrBadSignature = errBadSignature
var ErrMalformed = errMalformed
var ErrTooFar = errTooFar
