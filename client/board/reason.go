package board

// Reason is why a part of a stream was not taken. Each is counted.
type Reason uint8

// The reasons.
const (
	Stream    Reason = iota // it does not parse: nothing more is taken of this connection
	NoMaker                 // the index of nobody who lists in that slot
	Unlinked                // it follows what was never in this stream
	Future                  // of a slot that has not ended
	Past                    // of a slot whose bulletins are not taken one by one, or no more
	Repeated                // it is here already
	Oversized               // more entries than the network allows
	Signature               // not signed by its maker, or for another network
	Fork                    // a second body for a slot
	Backdated               // of a slot that its maker had skipped
	Gap                     // taken, but its maker signed something before it that is not here
	Differs                 // a roll that is not the one that its maker's bulletins attest
	Fraudster               // of a maker of whom there is proof of fraud
	Head                    // of a provider, that does not fit what was read
	Answer                  // that is none to its question
	Proof                   // of fraud, that is none
	reasons
)

func (r Reason) String() string {
	names := [...]string{"stream", "no maker", "unlinked", "future", "past", "repeated",
		"oversized", "signature", "fork", "backdated", "gap", "differs", "fraudster", "head",
		"answer", "proof"}
	if int(r) >= len(names) {
		return "unknown"
	}
	return names[r]
}

// Counts is how often each thing happened since the start.
func (b *Board) Counts() map[Reason]uint64 {
	counts := map[Reason]uint64{}
	for r, n := range b.counts {
		if n > 0 {
			counts[Reason(r)] = n
		}
	}
	return counts
}

func (b *Board) count(r Reason) { b.counts[r]++ }
