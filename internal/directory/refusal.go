package directory

import "fmt"

// Refusal is why an authority does not take what a node hands in. It is the one thing that this
// network explains to a peer: nodes are run by volunteers who must be able to put it right, and
// what they hand in is signed by an identity.
type Refusal uint8

// The reasons, as they stand on the wire.
const (
	RefusedMalformed   Refusal = 1 // not readable, or a field out of its bounds
	refusedNetwork     Refusal = 2 // of another network
	RefusedNotAdmitted Refusal = 3 // nobody vouched for this identity in this role
	refusedSignature   Refusal = 4 // not signed by the identity
	RefusedKeys        Refusal = 5 // a key that the suite does not take, or a weak identity
	RefusedClock       Refusal = 6 // for an epoch that is not being prepared now
	refusedConflict    Refusal = 7 // another descriptor of this node for this epoch came first
	RefusedLater       Refusal = 8 // try again: the provider is busy or is no authority
	RefusedName        Refusal = 9 // another node has this name
)

var refusals = map[Refusal]string{
	RefusedMalformed: "malformed: a value is not allowed, or the two programs are of different " +
		"versions",
	refusedNetwork:     "of another network: compare the genesis files",
	RefusedNotAdmitted: "not admitted: an authority must accept the application first",
	refusedSignature:   "bad signature",
	RefusedKeys:        "keys do not fit the network's suite",
	RefusedClock:       "clock: not an epoch that is being prepared now",
	refusedConflict: "conflict: this identity handed in something else for this epoch; is it " +
		"running twice?",
	RefusedLater: "not now: try again later",
	RefusedName: "name: another node of this network has it; set another name in the " +
		"configuration",
}

func (r Refusal) Error() string {
	if s, ok := refusals[r]; ok {
		return s
	}
	return fmt.Sprintf("refused with reason %d", uint8(r))
}
