package client

import (
	"context"
	"slices"
	"time"

	"murmuration/client/cause"
	"murmuration/client/connection"
	"murmuration/client/purse"
	"murmuration/client/scan"
	"murmuration/client/sender"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Status is what a person wants to know when nothing seems to happen.
type Status struct {
	Name      string
	Network   string // id
	Label     string
	Now       time.Time // this computer's clock
	Connected bool
	Since     time.Time // of being connected or not
	Provider  string
	Serves    bool          // something came back through the provider not long ago
	Failing   time.Duration // for which it was tried in vain
	LastReply time.Time     // that came back through the mixes
	Trouble   []Trouble

	Epoch    uint64 // by the clock
	Document uint64 // newest network document
	Until    time.Time

	Loops   float64 // share of the last loops that came back
	LoopsOf int     // how many those are
	Waiting int     // boxes in the outbox
	Asking  int     // requests in the work lane
	Follows int
	// write tokens that are left of today's, of those that came; none are asked for in a network
	// that is Free of them
	Tokens, TokensOf int
	Free             bool

	Sent    map[string]uint64 // packets by stream
	Silent  uint64
	Resent  uint64
	Replies uint64
	Refused map[string]uint64 // down frames and bulletins by reason, and digests that differ
}

// Trouble is something that the person may have to do something about.
type Trouble struct {
	What string
	Do   string
}

// loopAlarm is the share of returned loops below which something is wrong: at one packet in a
// hundred lost on each of nine links it is 0.91.
const loopAlarm = 0.8

// Status says how things are.
func (c *Client) Status() Status {
	conn := c.connection.Status()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().UTC()
	follows, _ := c.person.Following.List(now) // what is wrong with them, their list says
	s := Status{
		Name: c.person.Contacts.Own(), Network: c.genesis.ID().String(), Label: c.genesis.Label,
		Now:       now,
		Connected: conn.Connected, Since: conn.Since, LastReply: conn.LastReply,
		Waiting: c.person.Outbox.Waiting(), Follows: len(follows),
		Sent: map[string]uint64{}, Refused: map[string]uint64{},
	}
	if e, err := c.genesis.Schedule().Epoch(now); err == nil {
		s.Epoch = uint64(e)
	}
	if conn.Document != nil {
		s.addDocument(conn, c.genesis.Schedule())
	}
	if conn.Begun {
		s.addSender(conn)
		s.addTokens(c.purse, now)
	}
	for reason, n := range c.scan.Refused() {
		s.Refused["bulletin, "+reason.String()] = n
	}
	s.addDoubts(c.scan.Doubts(), conn.Document)
	for _, err := range append([]error{c.person.Feed.Trouble(), c.store.Room()}, conn.Faults...) {
		if err != nil {
			s.Trouble = append(s.Trouble, Trouble{err.Error(), cause.Of(err).Hint()})
		}
	}
	return s
}

func (s *Status) addDocument(conn connection.Status, schedule directory.Schedule) {
	s.Document = uint64(conn.Document.Epoch)
	s.Until = schedule.StartOf(conn.Document.Epoch + protocol.Validity)
	s.Free = conn.Document.Parameters.WriteTokens == 0
	s.Provider, s.Serves, s.Failing = conn.Guard.Name, conn.Guard.Healthy, conn.Guard.Failing
}

// addDoubts says what there is against makers of bulletins, by their names.
func (s *Status) addDoubts(all []scan.Doubt, doc *directory.Document) {
	for _, d := range all {
		name := d.Maker.String()
		if doc != nil {
			if n, ok := doc.Node(d.Maker); ok {
				name = n.Name
			}
		}
		does, do := d.Kind.Words()
		if d.Kind == scan.Silent {
			does += d.Since.Local().Format(" since 15:04 on 2 January")
		}
		s.Trouble = append(s.Trouble, Trouble{name + " " + does, do})
	}
}

func (s *Status) addSender(conn connection.Status) {
	s.Loops, s.LoopsOf, s.Asking = conn.Loops, conn.LoopsOf, conn.Waiting
	for i, n := range conn.Stats.Sent {
		s.Sent[sender.Stream(i).String()] = n
	}
	s.Silent, s.Resent, s.Replies = conn.Stats.Silent, conn.Stats.Resent, conn.Stats.Replies
	r := conn.Stats.Refused
	s.Refused = map[string]uint64{
		"frame": r.Frame, "sequence": r.Sequence, "unknown": r.Unknown, "reply": r.Reply,
		"digest": conn.Differ,
	}
	if s.LoopsOf >= sender.LoopWindow/2 && s.Loops < loopAlarm {
		s.Trouble = append(s.Trouble, Trouble{
			"many loops do not come back: a part of the network is down, or somebody drops packets",
			"Things are sent again until they arrive; if it lasts, tell the network's operators.",
		})
	}
}

// addTokens says what is left to write with.
func (s *Status) addTokens(p *purse.Purse, now time.Time) {
	s.Tokens, s.TokensOf = p.Left(now)
	for reason, n := range p.Counts() {
		s.Refused["token, "+reason.String()] = n
	}
	if s.Tokens == 0 && s.TokensOf > 0 {
		s.Trouble = append(s.Trouble, Trouble{
			"today's write tokens are spent",
			"What you post waits here until midnight (UTC), when there are others.",
		})
	}
}

// UseGuard has the provider of this name be the person's from now on.
func (c *Client) UseGuard(ctx context.Context, name string) error {
	return c.connection.UseGuard(ctx, name)
}

// NetworkView is the network as the newest document shows it.
type NetworkView struct {
	ID        string
	Label     string
	Suite     string
	Epoch     uint64
	Digest    string
	From      time.Time
	Until     time.Time
	Nodes     []Node
	Providers int
	Budget    Budget
}

// Node is a node of the network.
type Node struct {
	Name    string
	ID      string
	Role    string
	Layer   int
	Addr    string
	Packets uint64 // of its last epoch, to two digits
	New     bool
	Own     bool // this person's provider
	Family  string
	Share   int // of a mix in its layer
}

// Network shows the newest network document; before the first one, what the genesis says.
func (c *Client) Network() NetworkView {
	v := NetworkView{
		ID: c.genesis.ID().String(), Label: c.genesis.Label, Suite: c.genesis.Parameters.Suite,
		Nodes: []Node{}, Budget: BudgetOf(c.genesis.Parameters),
	}
	conn, schedule := c.connection.Status(), c.genesis.Schedule()
	doc := conn.Document
	if doc == nil {
		return v
	}
	v.Epoch, v.Digest = uint64(doc.Epoch), doc.Digest().String()
	v.From, v.Until = schedule.StartOf(doc.Epoch), schedule.StartOf(doc.Epoch+protocol.Validity)
	v.Providers, v.Budget = len(doc.Providers()), BudgetOf(doc.Parameters)
	v.Budget.Entropy = entropyOf(doc)
	for _, n := range doc.Nodes {
		one := Node{n.Name, n.ID.String(), n.Role.String(), n.Layer, n.Addr, n.Packets,
			n.Probation, n.ID == conn.Guard.Node, n.Family, 0}
		if n.Role == directory.RoleMix {
			one.Share = n.Weight()
		}
		v.Nodes = append(v.Nodes, one)
	}
	return v
}

// Finding is something that should not be: about the network documents, which nobody has judged
// yet, or about a provider's bulletins.
type Finding struct {
	Seen  time.Time // of bulletins: when their slot was over
	Epoch uint64
	What  string
	// two signed documents (docs/directory.md), or two signed bulletins (docs/bulletin.md)
	Evidence []byte
}

// Findings are those of this home, the oldest first.
func (c *Client) Findings() []Finding {
	all := []Finding{}
	for _, f := range c.connection.Findings() {
		all = append(all, Finding{
			Seen: f.Seen, Epoch: uint64(f.Epoch), What: f.String(), Evidence: f.Proof.Marshal(),
		})
	}
	for _, f := range c.scan.Frauds() {
		all = append(all, c.fraud(f))
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return a.Seen.Compare(b.Seen) })
	return all
}

func (c *Client) fraud(f bulletin.Fraud) Finding {
	calendar := bulletin.Calendar{Start: c.genesis.Start, Every: c.genesis.Parameters.BulletinEvery}
	over := calendar.Ends(f.A.Slot)
	epoch, _ := c.genesis.Schedule().Epoch(over) // no slot ends before the start
	return Finding{Seen: over, Epoch: uint64(epoch), What: f.String(), Evidence: f.Marshal()}
}

// Judge forgets the findings about network documents: somebody has looked at them. A provider that
// signed two bulletins for one slot stays one.
func (c *Client) Judge() error { return c.connection.Judge() }
