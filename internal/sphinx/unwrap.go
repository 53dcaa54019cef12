package sphinx

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"time"

	"murmuration/internal/suite"
)

// Result is what a hop learns from a packet. Payload points into the packet.
type Result struct {
	Kind  Kind
	Tag   Tag
	Delay time.Duration

	Next      NodeID      // Forward
	Recipient RecipientID // Deliver, Reply
	SURBID    SURBID      // Reply
	// Payload is PayloadSize bytes for Deliver, BodySize bytes for Reply, and
	// nil for Forward.
	Payload []byte
}

// Unwrapper peels packets. It is the working memory of one goroutine; no call
// allocates, and none leaves a secret in it.
type Unwrapper struct {
	p       *Params
	engine  *suite.Engine
	keys    suite.HopKeys
	wide    suite.WideKey
	routing []byte // routing info, and one block that becomes its new end
	cmds    commands
}

// NewUnwrapper returns the working memory for one goroutine.
func NewUnwrapper(p *Params) *Unwrapper {
	return &Unwrapper{p: p, engine: suite.NewEngine(),
		routing: make([]byte, p.routingSize()+p.blockSize())}
}

// Unwrap peels one layer, in place. After Forward, packet is what Next gets.
//
// On errSize, errVersion, ErrDegenerate, ErrMAC and ErrCommands the packet is
// as it was, so that a caller in a grace period may try its other key. On
// ErrTag it is wiped. Whether the packet was seen before, the caller asks of
// Tag before it acts on the result; no tag comes from a packet whose MAC failed.
func (u *Unwrapper) Unwrap(key *suite.PrivateKey, packet []byte) (Result, error) {
	if len(packet) != u.p.PacketSize() {
		return Result{}, errSize
	}
	if key.Public().Suite() != u.p.suite {
		return Result{}, suite.ErrSuite
	}
	if u.p.null {
		return u.p.nullUnwrap(key, packet)
	}
	defer u.erase()
	v := u.p.view(packet)
	if err := u.open(key, &v); err != nil {
		return Result{}, err
	}
	if u.cmds.hasNext {
		return u.forward(&v)
	}
	return u.deliver(&v)
}

// open authenticates the header and reads the commands; it changes nothing.
func (u *Unwrapper) open(key *suite.PrivateKey, v *view) error {
	if v.ad[0] != 0 || v.ad[1] != 0 {
		return errVersion
	}
	if err := u.engine.Accept(key, v.element, &u.keys); err != nil {
		return refusal(err)
	}
	if !u.engine.Verify(&u.keys.MAC, v.authenticated, v.mac) {
		return ErrMAC
	}
	n := copy(u.routing, v.routing)
	clear(u.routing[n:])
	u.engine.XORStream(&u.keys.Stream, u.routing)
	if err := u.cmds.parse(u.routing[:commandsSize]); err != nil {
		return err
	}
	if !u.cmds.hasNext && !isZero(u.routing[commandsSize:u.p.blockSize()]) {
		return ErrCommands
	}
	u.wide = u.keys.Wide()
	return nil
}

// refusal gives this package's name to what the suite refuses.
func refusal(err error) error {
	if errors.Is(err, suite.ErrDegenerate) {
		return ErrDegenerate
	}
	return fmt.Errorf("agreeing on keys: %w", err)
}

func (u *Unwrapper) result(kind Kind, v *view) Result {
	return Result{
		Kind: kind, Tag: sha512.Sum512_256(v.element), Delay: u.cmds.delay,
		Next: u.cmds.next, Recipient: u.cmds.recipient, SURBID: u.cmds.surbID,
	}
}

// forward turns the packet into the next hop's.
func (u *Unwrapper) forward(v *view) (Result, error) {
	r := u.result(Forward, v)
	if err := u.nextElement(v.element); err != nil {
		return Result{}, err
	}
	copy(v.routing, u.routing[u.p.blockSize():])
	copy(v.mac, u.cmds.nextMAC[:])
	u.engine.WideDecrypt(&u.wide, v.body)
	return r, nil
}

func (u *Unwrapper) nextElement(element []byte) error {
	if u.p.suite.KEM() {
		copy(element, u.routing[commandsSize:u.p.blockSize()])
		return nil
	}
	if err := u.engine.Blind(&u.keys, element); err != nil {
		return refusal(err)
	}
	return nil
}

func (u *Unwrapper) deliver(v *view) (Result, error) {
	u.engine.WideDecrypt(&u.wide, v.body)
	if u.cmds.hasSURB {
		r := u.result(Reply, v)
		r.Payload = v.body
		return r, nil
	}
	if !isZero(v.body[:tagSize]) {
		clear(v.all)
		return Result{}, ErrTag
	}
	r := u.result(Deliver, v)
	r.Payload = v.body[tagSize:]
	return r, nil
}

func (u *Unwrapper) erase() {
	u.engine.Erase()
	u.keys = suite.HopKeys{}
	u.wide = suite.WideKey{}
	clear(u.routing)
	u.cmds = commands{}
}
