package sphinx

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Commands of a routing block; every other first byte is refused.
const (
	cmdNull      = 0x00 // the rest is zero
	cmdNextHop   = 0x01 // ID 32, MAC 32
	cmdRecipient = 0x02 // ID 32
	cmdSURBReply = 0x03 // ID 16
	cmdDelay     = 0x80 // uint32, big-endian, milliseconds
)

// commands is what one routing block says.
type commands struct {
	hasDelay, hasNext, hasRecipient, hasSURB bool

	delay     time.Duration
	next      NodeID
	nextMAC   [macSize]byte
	recipient RecipientID
	surbID    SURBID
}

// check refuses hops that would not survive their own encoding.
func (h *Hop) check(last bool) error {
	switch {
	case h.Key == nil:
		return fmt.Errorf("%w: hop without a key", errPath)
	case h.Delay < 0 || h.Delay > maxDelay || h.Delay%time.Millisecond != 0:
		return fmt.Errorf("%w: delay %v is not a whole number of milliseconds up to %v", errPath,
			h.Delay, maxDelay)
	case last && h.Recipient == nil:
		return fmt.Errorf("%w: last hop without a recipient", errPath)
	case !last && (h.Recipient != nil || h.SURBID != nil):
		return fmt.Errorf("%w: recipient before the last hop", errPath)
	}
	return nil
}

func (h *Hop) commands() (c commands) {
	c.hasDelay, c.delay = h.Delay > 0, h.Delay
	if h.Recipient != nil {
		c.hasRecipient, c.recipient = true, *h.Recipient
	}
	if h.SURBID != nil {
		c.hasSURB, c.surbID = true, *h.SURBID
	}
	return c
}

// put writes the commands to block (82 bytes) and zeros after them.
func (c *commands) put(block []byte) {
	b := block[:0]
	if c.hasDelay {
		b = append(b, cmdDelay)
		b = binary.BigEndian.AppendUint32(b, uint32(c.delay/time.Millisecond))
	}
	if c.hasRecipient {
		b = append(append(b, cmdRecipient), c.recipient[:]...)
	}
	if c.hasSURB {
		b = append(append(b, cmdSURBReply), c.surbID[:]...)
	}
	if c.hasNext {
		b = append(append(b, cmdNextHop), c.next[:]...)
		b = append(b, c.nextMAC[:]...)
	}
	clear(block[len(b):])
}

// parse reads a block (82 bytes). Commands may come in any order, each at most
// once; what follows a Null is zero. The combination must be one that a hop can
// act on: a next hop alone, or a recipient with or without a SURB.
func (c *commands) parse(block []byte) error {
	*c = commands{}
	for len(block) > 0 && block[0] != cmdNull {
		n, ok := c.take(block)
		if !ok {
			return ErrCommands
		}
		block = block[n:]
	}
	for _, b := range block {
		if b != 0 {
			return ErrCommands
		}
	}
	if c.hasNext == c.hasRecipient || c.hasSURB && !c.hasRecipient {
		return ErrCommands
	}
	return nil
}

// take reads the command at the start of b and tells its length.
func (c *commands) take(b []byte) (n int, ok bool) {
	switch b[0] {
	case cmdNextHop:
		n, ok = field(b, &c.hasNext, c.next[:], c.nextMAC[:])
	case cmdRecipient:
		n, ok = field(b, &c.hasRecipient, c.recipient[:])
	case cmdSURBReply:
		n, ok = field(b, &c.hasSURB, c.surbID[:])
	case cmdDelay:
		var ms [4]byte
		n, ok = field(b, &c.hasDelay, ms[:])
		c.delay = time.Duration(binary.BigEndian.Uint32(ms[:])) * time.Millisecond
	}
	return n, ok
}

// field copies a command's arguments, unless it is cut short or was there before.
func field(b []byte, seen *bool, args ...[]byte) (n int, ok bool) {
	n = 1
	for _, a := range args {
		if len(b)-n < len(a) {
			return 0, false
		}
		n += copy(a, b[n:])
	}
	ok = !*seen
	*seen = true
	return n, ok
}
