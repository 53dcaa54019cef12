package world

import (
	"io"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/protocol"
	"murmuration/internal/transit"
	"murmuration/provider"
)

// announcer makes a provider's bulletins and carries them to the other providers: the real core, at
// the times of the provider's clock. Links between providers lose nothing, as TCP does not; they
// break when they are cut or when one end crashes.
type announcer struct {
	*provider.Bulletins
	n      *Node
	start  uint64 // life of the node
	spread map[*Node]*spreading
	chance io.Reader // of proofs
	adrift bool
}

// mouth is how people hear bulletins of a provider that does not pass all of them on: the honest
// stream is read, and what is let through is said anew.
type mouth struct {
	n       *Node
	parser  *bulletin.Parser
	in, out *bulletin.Links
	rest    []byte
	back    []bulletin.Bulletin // that were not let through yet
}

// spreading is one link that the announcer has dialled.
type spreading struct {
	near, far *provider.Spread
	to        uint64 // life of the other node
}

// announce begins a provider's bulletins anew, as after a start.
func (n *Node) announce() {
	b, err := provider.NewBulletins(provider.BulletinsConfig{
		Genesis: n.w.genesis, Identity: n.identity, Store: n.holder.store,
	}, n.now())
	if err != nil {
		n.w.fail("%s begins: %w", n.Name, err)
		return
	}
	a := &announcer{Bulletins: b, n: n, start: n.starts, spread: map[*Node]*spreading{},
		chance: n.source("token proofs")}
	n.bulletins, n.holder.service.Bulletins = a, a
	a.planDraft()
	a.planFrame()
}

// lives says whether the node still runs that this belongs to.
func (a *announcer) lives() bool { return a.n.up && a.n.starts == a.start }

// at plans something for a time of the node's clock.
func (a *announcer) at(t time.Time, do func()) {
	a.n.w.At(t.Add(-a.n.clock), func() {
		if a.lives() {
			do()
		}
	})
}

// planDraft sees to it that a bulletin is made at the end of each slot.
func (a *announcer) planDraft() {
	a.at(a.NextDraft(a.n.now()), func() {
		a.make()
		a.planDraft()
	})
}

// make makes the bulletin that is due. The disk takes no time.
func (a *announcer) make() {
	draft, ok, err := a.Draft(a.n.now())
	if adrift := err != nil; adrift != a.adrift {
		a.adrift = adrift
		a.n.w.tell("bulletins", "%s lists nothing: %v", a.n.Name, err)
	}
	a.keep()
	if !ok || a.n.lists != nil && !a.n.lists(&draft) {
		return
	}
	err = a.n.holder.store.Publish(draft.Day, draft.Body.Slot, draft.Body.Marshal(), draft.Listed)
	if err != nil {
		a.n.w.fail("%s keeps a bulletin: %w", a.n.Name, err)
		return
	}
	a.Sign(draft)
	for _, l := range draft.Listed {
		if a.n.w.listing != nil {
			a.n.w.listing(l.ID)
		}
	}
	if n := len(draft.Listed); n > 0 {
		a.n.w.tell("bulletins", "%s lists %d in slot %d", a.n.Name, n, draft.Body.Slot)
	}
}

// keep has on the disk what came from others.
func (a *announcer) keep() {
	for _, r := range a.Fresh() {
		if err := a.n.holder.store.Keep(r.Day, r.Key, r.Raw); err != nil {
			a.n.w.tell("bulletins", "%s does not keep a record: %v", a.n.Name, err)
		}
	}
	a.Kept(len(a.Fresh()))
}

// planFrame sees to it that frames go to the other providers.
func (a *announcer) planFrame() {
	a.at(a.NextFrame(a.n.now()), func() {
		for _, other := range a.n.w.providers() {
			if other != a.n {
				a.say(other)
			}
		}
		a.planFrame()
	})
}

// link is that to another provider, a new one if need be; nil if there can be none.
func (a *announcer) link(other *Node) *spreading {
	l := a.spread[other]
	if !other.up || a.n.w.Links.cut(a.n, other) {
		delete(a.spread, other)
		return nil
	}
	if l == nil || l.to != other.starts {
		l = &spreading{a.Spread(other.ID(), true), other.bulletins.Spread(a.n.ID(), false),
			other.starts}
		a.spread[other] = l
	}
	return l
}

// say sends a frame. One that has nothing to say and brings no answer changes nothing at either
// end, and is not carried.
func (a *announcer) say(other *Node) {
	l := a.link(other)
	if l == nil {
		return
	}
	frame := make([]byte, protocol.BulletinFrame)
	l.near.Frame(a.n.now(), frame)
	if protocol.Zero(frame) && l.far.Idle() {
		return
	}
	a.n.w.After(a.n.w.cfg.Link, func() {
		if other.bulletins.hear(a.n, l, l.far, frame) {
			a.n.w.After(a.n.w.cfg.Link, func() {
				if a.lives() {
					a.hear(other, l, l.near, frame)
				}
			})
		}
	})
}

// hear takes a frame in and, where it came up, puts the answer in its place. It is false when the
// link is gone.
func (a *announcer) hear(from *Node, l *spreading, end *provider.Spread, frame []byte) bool {
	dialled := end == l.near
	if !a.lives() || a.n.w.Links.cut(a.n, from) || !dialled && l.to != a.start {
		return false
	}
	refused, err := end.Take(a.n.now(), frame)
	switch {
	case err != nil:
		a.n.w.fail("%s reads what %s says: %w", a.n.Name, from.Name, err)
	case refused != nil:
		a.n.w.tell("bulletins", "%s refuses what %s says: %v", a.n.Name, from.Name, refused)
	}
	a.keep()
	a.issue()
	if !dialled {
		end.Frame(a.n.now(), frame)
	}
	return true
}

// issue gives tokens to all who asked, in no time, and brings those that came to the people here.
func (a *announcer) issue() {
	keys := a.n.holder.service.Tokens
	for b, ok := a.Desk().NextBatch(); ok; b, ok = a.Desk().NextBatch() {
		answer, err := b.Issue(a.chance, keys)
		a.Desk().Issued(b, answer, err)
	}
	for _, answer := range a.Desk().TakeAnswers() {
		a.n.edge.Give(answer)
	}
}

// ask passes a person's question for tokens on.
func (n *Node) ask(spool provider.SpoolKey, question []byte) {
	now := n.now()
	a, pass, reason := n.edge.Ask(now, spool, n.document, box.DayOf(n.w.genesis.Start, now),
		question)
	n.reason(reason)
	if reason != transit.Accepted && reason != provider.NoShare {
		n.edge.Judged(spool, false)
	}
	if pass {
		_ = n.bulletins.Desk().Queue(now, a) // what is refused is counted
		n.bulletins.issue()
	}
}

// providers are the nodes of layer 0.
func (w *World) providers() []*Node { return w.nodes[:len(w.cfg.Network.Providers)] }

// Bulletins are a provider's; nil in a mix.
func (n *Node) Bulletins() *provider.Bulletins {
	if n.bulletins == nil {
		return nil
	}
	return n.bulletins.Bulletins
}

// Lists finds a box in one of the provider's so many last slots: where it can be fetched.
func (h *Holder) Lists(id box.ID, slots int) (key box.FetchKey, ok bool) {
	entry := box.EntryOf(id)
	slot, _, some, err := h.store.Published()
	for ; err == nil && some && slots > 0; slots-- {
		if _, found, status, err := h.store.Listed(slot, entry, 0); err == nil &&
			status != box.StatusNotFound && found.ID == id {
			return box.FetchKey{Slot: slot, Entry: entry}, true
		}
		if slot == 0 {
			break
		}
		slot--
	}
	return key, false
}

// List has the provider list what is left of each draft, or nothing in that slot where change says
// so; nil makes it honest again.
func (n *Node) List(change func(*provider.Draft) bool) { n.lists = change }

// Serve has the provider's people hear only the bulletins of which let says so, asked again at each
// frame about those that are kept back, and no rolls; nil makes it honest again. The people connect
// anew.
func (n *Node) Serve(let func(bulletin.Bulletin) bool) {
	n.serves = let
	for _, p := range n.w.people {
		if p.home == n && p.online {
			p.disconnect()
			p.connect()
		}
	}
}

// stream is the bytes of bulletins for a frame with so much room.
func (p *Person) stream(now time.Time, wanted uint32, room int) []byte {
	p.cursor.Say(p.home.edge.TakeTokens(p.spool)...)
	honest := p.cursor.Fill(now, wanted, room)
	if p.mouth == nil {
		return honest
	}
	return p.mouth.say(honest, room)
}

// listen begins the stream of a new connection.
func (p *Person) listen() {
	p.cursor, p.mouth = p.home.bulletins.Cursor(), nil
	if p.home.serves != nil {
		p.mouth = &mouth{n: p.home, parser: bulletin.NewParser(1 << 16), in: bulletin.NewLinks(),
			out: bulletin.NewLinks()}
	}
}

func (m *mouth) say(honest []byte, room int) []byte {
	records, err := m.parser.Feed(honest)
	if err != nil {
		m.n.w.fail("%s misreads its own stream: %w", m.n.Name, err)
	}
	w := m.n.w
	calendar := bulletin.Calendar{Start: w.genesis.Start, Every: w.genesis.Parameters.BulletinEvery}
	for _, r := range records {
		if r.Tokens != nil {
			m.rest = bulletin.AppendTokens(m.rest, *r.Tokens)
			continue
		}
		maker, _ := calendar.Makers(m.n.document, r.Slot()).At(r.Maker)
		if b, ok := r.Bulletin(w.genesis.ID(), maker, m.in); ok && !r.IsRoll {
			m.back = append(m.back, b)
		}
	}
	var kept []bulletin.Bulletin
	for _, b := range m.back {
		if m.n.serves == nil || m.n.serves(b) {
			index, _ := calendar.Makers(m.n.document, b.Slot).Index(b.Maker)
			m.rest = bulletin.AppendBulletin(m.rest, m.out, index, b)
		} else {
			kept = append(kept, b)
		}
	}
	m.back = kept
	n := min(room, len(m.rest))
	said := m.rest[:n:n]
	m.rest = m.rest[n:]
	return said
}

// lists is the line about what a provider lists.
func (by harms) lists(words []string) error {
	if len(words) != 3 || words[2] != "nothing" && words[2] != "honestly" {
		return usage(".lists")
	}
	n, err := by.providerNode(words[0])
	if err != nil {
		return err
	}
	n.List(nil)
	if words[2] == "nothing" {
		n.List(func(*provider.Draft) bool { return false })
	}
	return nil
}

// serves is the line about whose bulletins a provider's people hear.
func (by harms) serves(words []string) error {
	if len(words) != 3 {
		return usage(".serves")
	}
	n, err := by.providerNode(words[0])
	if err != nil {
		return err
	}
	switch words[2] {
	case "honestly":
		n.Serve(nil)
	case "nothing":
		n.Serve(func(bulletin.Bulletin) bool { return false })
	default:
		return usage(".serves")
	}
	return nil
}
