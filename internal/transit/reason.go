package transit

import (
	"errors"

	"murmuration/internal/sphinx"
)

// Reason labels a discard: the network is told nothing, the counter is. Each role adds its own to
// those below. A label has small letters and underscores only.
type Reason string

// Why a packet is dropped before a core sees it, or after one let it go.
const (
	Accepted    Reason = ""             // it is not
	BadFrame    Reason = "bad_frame"    // a frame of the wrong size or shape
	Overload    Reason = "overload"     // the queue before the workers is full
	OverCap     Reason = "over_cap"     // more than the operator lets in
	BadMAC      Reason = "bad_mac"      // no current key opens the packet
	BadElement  Reason = "bad_element"  // a degenerate or non-canonical group element
	BadCommands Reason = "bad_commands" // the routing block has no meaning
	badPayload  Reason = "bad_payload"  // the payload's zero tag is gone
	WrongEpoch  Reason = "wrong_epoch"  // the key's time has not come or is over
	LinkDown    Reason = "link_down"    // the link to the next hop is down or its queue full
)

// Reasons lists all of the above but Accepted, for whoever registers counters.
func Reasons() []Reason {
	return []Reason{BadFrame, Overload, OverCap, BadMAC, BadElement, BadCommands, badPayload,
		WrongEpoch, LinkDown}
}

// String is the label, and a word for none.
func (r Reason) String() string {
	if r == Accepted {
		return "accepted"
	}
	return string(r)
}

// Refusal is the reason for an error of unwrapping.
func Refusal(err error) Reason {
	switch {
	case errors.Is(err, sphinx.ErrMAC):
		return BadMAC
	case errors.Is(err, sphinx.ErrDegenerate):
		return BadElement
	case errors.Is(err, sphinx.ErrCommands):
		return BadCommands
	case errors.Is(err, sphinx.ErrTag):
		return badPayload
	}
	return BadFrame
}
