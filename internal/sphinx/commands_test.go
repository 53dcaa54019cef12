package sphinx

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
)

func block(parts ...[]byte) []byte {
	b := bytes.Join(parts, nil)
	return append(b, make([]byte, commandsSize-len(b))...)
}

func command(first byte, args int) []byte {
	return append([]byte{first}, bytes.Repeat([]byte{0xee}, args)...)
}

func TestParseCommands(t *testing.T) {
	next, recipient := command(cmdNextHop, 64), command(cmdRecipient, 32)
	surb, delay := command(cmdSURBReply, 16), command(cmdDelay, 4)
	for name, c := range map[string]struct {
		block []byte
		ok    bool
	}{
		"next hop":               {block(next), true},
		"delay, next hop":        {block(delay, next), true},
		"next hop, delay":        {block(next, delay), true},
		"recipient":              {block(recipient), true},
		"delay, recipient, SURB": {block(delay, recipient, surb), true},
		"SURB, recipient":        {block(surb, recipient), true},
		"delay of zero": {block(make([]byte, 0), []byte{cmdDelay, 0, 0, 0, 0},
			next), true},
		"nothing":                 {block(), false},
		"delay alone":             {block(delay), false},
		"SURB alone":              {block(surb), false},
		"SURB, next hop":          {block(surb, next), false},
		"two delays":              {block(delay, delay, next), false},
		"two recipients":          {block(recipient, recipient), false},
		"two SURBs":               {block(surb, surb, recipient), false},
		"unknown 0x04":            {block([]byte{0x04}, recipient), false},
		"unknown 0x81":            {block(command(0x81, 4), next), false},
		"unknown 0xff at the end": {append(block(recipient)[:commandsSize-1], 0xff), false},
		"after Null":              {block(recipient, []byte{0}, delay), false},
		"Null first":              {block([]byte{0}, next), false},
		"delay cut short": {append(block(recipient)[:commandsSize-3], cmdDelay, 1, 1),
			false},
		"next hop cut short":            {block(recipient, surb, next[:32]), false},
		"recipient, next hop (82 wide)": {block(recipient)[:commandsSize], true},
	} {
		var parsed commands
		if err := parsed.parse(c.block); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A block of 82 bytes cannot hold a recipient and a next hop, but a parser must
// not count on that.
func TestParseRefusesTwoDestinations(t *testing.T) {
	var c commands
	wide := append(command(cmdRecipient, 32), command(cmdNextHop, 64)...)
	if err := c.parse(wide); err != ErrCommands {
		t.Errorf("recipient and next hop: %v", err)
	}
}

func drawCommands(t *rapid.T) (c commands) {
	id := rapid.SliceOfN(rapid.Byte(), 32, 32)
	if c.hasDelay = rapid.Bool().Draw(t, "delayed"); c.hasDelay {
		c.delay = time.Duration(rapid.Uint32().Draw(t, "delay")) * time.Millisecond
	}
	if c.hasNext = rapid.Bool().Draw(t, "next"); c.hasNext {
		c.next, c.nextMAC = NodeID(id.Draw(t, "id")), [32]byte(id.Draw(t, "MAC"))
		return c
	}
	c.hasRecipient, c.recipient = true, RecipientID(id.Draw(t, "recipient"))
	if c.hasSURB = rapid.Bool().Draw(t, "reply"); c.hasSURB {
		c.surbID = SURBID(id.Draw(t, "SURB ID"))
	}
	return c
}

func TestCommandsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, b := drawCommands(t), bytes.Repeat([]byte{0xff}, commandsSize)
		want.put(b)
		var got commands
		if err := got.parse(b); err != nil || got != want {
			t.Fatalf("%x: %+v instead of %+v, %v", b, got, want, err)
		}
	})
}

func TestParsePayload(t *testing.T) {
	p := mustParams(t, "x25519", 5, 64, true)
	good := make([]byte, p.PayloadSize())
	at := func(i int, v byte) []byte {
		b := bytes.Clone(good)
		b[i] = v
		return b
	}
	for name, c := range map[string]struct {
		payload []byte
		ok      bool
	}{
		"no SURB":             {good, true},
		"SURB":                {at(0, 1), true},
		"user bytes":          {at(len(good)-1, 7), true},
		"flag 2":              {at(0, 2), false},
		"flag 0x80":           {at(0, 0x80), false},
		"reserved":            {at(1, 1), false},
		"SURB without a flag": {at(2, 1), false},
		"last of the slot":    {at(p.userOffset()-1, 1), false},
		"short":               {good[1:], false},
		"empty":               {nil, false},
	} {
		surb, user, err := p.ParsePayload(c.payload)
		if (err == nil) != c.ok || err != nil && (surb != nil || user != nil) {
			t.Errorf("%s: %v", name, err)
		}
		if c.ok && (len(user) != 64 || (surb != nil) != (c.payload[0] == 1)) {
			t.Errorf("%s: SURB of %d bytes, user %d", name, len(surb), len(user))
		}
	}
}
