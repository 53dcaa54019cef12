package sender

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// packets makes the packets of one client at one provider, and opens what comes back.
type packets struct {
	params *sphinx.Params
	format box.Format
	rand   io.Reader  // of keys
	route  *rand.Rand // of paths and delays, and of the waits before a request is sent again
	own    directory.NodeID
	spool  sphinx.RecipientID
}

// fit says whether the packets of a document are of the size of these.
func (m *packets) fit(v *view) bool {
	return protocol.PathHops(len(v.layers)) <= m.params.Hops() &&
		v.net.BoxPlaintext == m.format.Plaintext
}

// check refuses what no packet can carry.
func (m *packets) check(r Request) error {
	size := 0
	switch r.Op {
	case box.OpTombstone, box.OpDigest:
	case box.OpWrite:
		size = m.format.CiphertextSize()
	default:
		return fmt.Errorf("%w: operation %d", ErrRequest, r.Op)
	}
	if len(r.Box.Ciphertext) != size {
		return fmt.Errorf("%w: ciphertext of %d bytes", ErrRequest, len(r.Box.Ciphertext))
	}
	return nil
}

// request fills p with what asks for e, with a fresh path, fresh delays and a fresh SURB.
func (m *packets) request(p *packet, r router, e slotRequest) error {
	holder, asked, err := e.to(r.view, m.own)
	if err != nil {
		return err
	}
	path, there, err := r.forward(holder, protocol.ServiceBoxes)
	if err != nil {
		return err
	}
	surb, keys, back, err := m.surb(p, r, holder)
	if err != nil {
		return err
	}
	p.delays = there + back + r.view.net.ReplyAllowance
	p.reply = &awaited{
		keys: keys, holder: directory.NodeID(holder.id), asked: asked, stream: p.stream,
		work: e.work, fetch: e.fetch,
	}
	p.reply.asked.Box.Ciphertext, p.reply.asked.Proof = nil, nil
	return m.seal(p, path, surb, asked.Marshal(m.format))
}

// to is who is asked, and for what.
func (e slotRequest) to(v *view, own directory.NodeID) (*node, box.Request, error) {
	if f := e.fetch; f != nil {
		holder := v.asks(f.Holder)
		if holder == nil {
			return nil, box.Request{}, fmt.Errorf("%w: it does not list who is asked", ErrDocument)
		}
		return holder, box.Request{Op: f.Op, Fetch: f.Key, Ask: f.Ask, Proof: f.Proof}, nil
	}
	if pay := e.paid; pay != nil {
		return pay.holder, box.Request{
			Op: e.Op, Hold: e.Hold, Day: e.Day, Box: e.Box, Token: pay.token,
		}, nil
	}
	holders := v.asked(e.Request, own)
	if len(holders) == 0 {
		return nil, box.Request{}, ErrDay
	}
	return holders[e.Try%len(holders)], box.Request{
		Op: e.Op, Hold: e.Hold, Day: e.Day, Box: e.Box, Epoch: uint64(e.Epoch),
	}, nil
}

func (m *packets) surb(
	p *packet, r router, by *node,
) (surb []byte, k sphinx.SURBKeys, d time.Duration, err error) {
	if _, err = io.ReadFull(m.rand, p.id[:]); err != nil {
		return nil, nil, 0, fmt.Errorf("drawing a SURB id: %w", err)
	}
	id := p.id
	path, d, err := r.back(by, &id)
	if err != nil {
		return nil, nil, 0, err
	}
	surb, k, err = m.params.NewSURB(m.rand, path)
	return surb, k, d, err
}

// drop fills p with noise for a provider drawn from all, who throws it away.
func (m *packets) drop(p *packet, r router) error {
	last := r.view.providers[m.route.IntN(len(r.view.providers))]
	path, _, err := r.forward(last, protocol.ServiceDrop)
	if err != nil {
		return err
	}
	noise := make([]byte, m.params.UserPayload())
	if _, err := io.ReadFull(m.rand, noise); err != nil {
		return fmt.Errorf("drawing noise: %w", err)
	}
	return m.seal(p, path, nil, noise)
}

// seal makes the exchange frame, all but the acknowledgement that Due writes.
func (m *packets) seal(p *packet, path []sphinx.Hop, surb, user []byte) error {
	const head = protocol.ExchangeOverhead
	frame, err := m.params.AppendNew(
		make([]byte, head, head+m.params.PacketSize()),
		m.rand,
		path,
		surb,
		user,
	)
	if err != nil {
		return err
	}
	p.frame = frame
	return nil
}

// open undoes the layers of a reply, and checks that it can be one to what was asked.
func (m *packets) open(a *awaited, body []byte) (box.Reply, error) {
	payload, err := m.params.OpenReply(a.keys, body)
	if err != nil {
		return box.Reply{}, err
	}
	surb, user, err := m.params.ParsePayload(payload)
	if err != nil {
		return box.Reply{}, err
	}
	reply, err := box.ParseReply(m.format, user)
	if err != nil {
		return box.Reply{}, err
	}
	if surb != nil || !answers(a, reply) {
		return box.Reply{}, fmt.Errorf("status %v does not answer operation %v", reply.Status,
			a.asked.Op)
	}
	return reply, nil
}

// answers says whether a holder may give this reply to what was asked.
func answers(a *awaited, r box.Reply) bool {
	if a.fetch != nil && (r.Status == box.StatusFound || r.Status == box.StatusTombstoned) {
		return a.asked.Op == box.OpFetch // a wrong box is told to who counts them
	}
	return r.Answers(a.asked)
}
