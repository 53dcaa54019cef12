package client

import (
	"time"

	"murmuration/client/fault"
	"murmuration/client/sender"
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
	LastReply time.Time
	Trouble   []Trouble

	Epoch    uint64 // by the clock
	Document uint64 // newest network document
	Until    time.Time

	Loops   float64 // share of the last loops that came back
	LoopsOf int     // how many those are
	Waiting int     // boxes in the outbox
	Asking  int     // requests in the work lane
	Follows int

	Sent    map[string]uint64 // packets by stream
	Silent  uint64
	Resent  uint64
	Replies uint64
	Refused map[string]uint64 // down frames by reason
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
	c.state.Lock()
	defer c.state.Unlock()
	own := c.person.Feed.Trouble() // before c.mu: no slot waits for the disk
	room := c.store.Room()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().UTC()
	s := Status{
		Name: c.self.Name, Network: c.genesis.ID().String(), Label: c.genesis.Label, Now: now,
		Connected: c.line.connected, Since: c.line.since, LastReply: c.line.lastReply,
		Waiting: c.person.Outbox.Waiting(), Follows: len(c.person.Following.List()),
		Sent: map[string]uint64{}, Refused: map[string]uint64{},
	}
	c.addDocument(&s, now)
	if c.sender != nil {
		c.addSender(&s)
	}
	for _, err := range []error{own, room, c.line.split, c.line.documentFault, c.line.fault} {
		if err != nil {
			s.Trouble = append(s.Trouble, Trouble{err.Error(), fault.Of(err).Hint()})
		}
	}
	return s
}

func (c *Client) addDocument(s *Status, now time.Time) {
	if e, err := c.schedule.Epoch(now); err == nil {
		s.Epoch = uint64(e)
	}
	doc := c.latest()
	if doc == nil {
		return
	}
	s.Document = uint64(doc.Epoch)
	s.Until = c.schedule.StartOf(doc.Epoch + protocol.Validity)
	if len(c.guards.Nodes) > 0 {
		node, _ := doc.Node(c.guards.Nodes[0])
		s.Provider = node.Name
	}
	if !now.Before(s.Until) {
		s.Trouble = append(s.Trouble, Trouble{
			"the network document ended at " + stamp(s.Until) + ", and this computer's clock says " + stamp(now),
			ErrNoDocument.Hint(),
		})
	}
}

func (c *Client) addSender(s *Status) {
	stats := c.sender.Stats()
	s.Loops, s.LoopsOf = c.sender.Loops()
	s.Asking = c.sender.Waiting()
	for i, n := range stats.Sent {
		s.Sent[sender.Stream(i).String()] = n
	}
	s.Silent, s.Resent, s.Replies = stats.Silent, stats.Resent, stats.Replies
	r := stats.Refused
	s.Refused = map[string]uint64{"frame": r.Frame, "sequence": r.Sequence, "unknown": r.Unknown, "reply": r.Reply}
	if s.LoopsOf >= sender.LoopWindow/2 && s.Loops < loopAlarm {
		s.Trouble = append(s.Trouble, Trouble{
			"many loops do not come back: a part of the network is down, or somebody drops packets",
			"Things are sent again until they arrive; if it lasts, tell the network's operators.",
		})
	}
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
}

// Network shows the newest network document; before the first one, what the genesis says.
func (c *Client) Network() NetworkView {
	c.state.Lock()
	defer c.state.Unlock()
	v := NetworkView{
		ID: c.genesis.ID().String(), Label: c.genesis.Label, Suite: c.genesis.Parameters.Suite,
		Nodes: []Node{}, Budget: BudgetOf(c.genesis.Parameters),
	}
	doc := c.latest()
	if doc == nil {
		return v
	}
	v.Epoch, v.Digest = uint64(doc.Epoch), doc.Digest().String()
	v.From, v.Until = c.schedule.StartOf(doc.Epoch), c.schedule.StartOf(doc.Epoch+protocol.Validity)
	v.Providers, v.Budget = len(doc.Providers()), BudgetOf(doc.Parameters)
	v.Budget.Entropy = EntropyOf(doc)
	for _, n := range doc.Nodes {
		own := len(c.guards.Nodes) > 0 && n.ID == c.guards.Nodes[0]
		v.Nodes = append(v.Nodes, Node{n.Name, n.ID.String(), n.Role.String(), n.Layer, n.Addr, n.Packets, n.Probation, own})
	}
	return v
}
