package client

import (
	"encoding/hex"
	"time"

	"murmuration/client/fault"
	"murmuration/client/sender"
	"murmuration/internal/protocol"
)

// Status is what a person wants to know when nothing seems to happen.
type Status struct {
	Name      string    `json:"name"`
	Network   string    `json:"network"` // id
	Label     string    `json:"label"`
	Now       time.Time `json:"now"` // this computer's clock
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since,omitzero"` // of being connected or not
	Provider  string    `json:"provider,omitempty"`
	LastReply time.Time `json:"last_reply,omitzero"`
	Trouble   []Trouble `json:"trouble,omitempty"`

	Epoch    uint64    `json:"epoch"`          // by the clock
	Document uint64    `json:"document_epoch"` // newest network document
	Until    time.Time `json:"valid_until,omitzero"`

	Loops   float64 `json:"loop_return"` // share of the last loops that came back
	LoopsOf int     `json:"loops"`       // how many those are
	Waiting int     `json:"waiting"`     // boxes in the outbox
	Asking  int     `json:"asking"`      // requests in the work lane
	Follows int     `json:"follows"`

	Sent    map[string]uint64 `json:"sent"` // packets by stream
	Silent  uint64            `json:"silent"`
	Resent  uint64            `json:"resent"`
	Replies uint64            `json:"replies"`
	Refused map[string]uint64 `json:"refused"` // down frames by reason
}

// Trouble is something that the person may have to do something about.
type Trouble struct {
	What string `json:"what"`
	Do   string `json:"do,omitempty"`
}

// loopAlarm is the share of returned loops below which something is wrong: at one packet in a
// hundred lost on each of nine links it is 0.91.
const loopAlarm = 0.8

// Status says how things are.
func (c *Client) Status() Status {
	c.state.Lock()
	defer c.state.Unlock()
	own, err := c.ownFeed() // before c.mu: no slot waits for the disk
	room := c.store.Room()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().UTC()
	s := Status{
		Name: c.self.Name, Network: c.genesis.ID().String(), Label: c.genesis.Label, Now: now,
		Connected: c.line.connected, Since: c.line.since, LastReply: c.line.lastReply,
		Waiting: len(c.mail.waiting), Follows: len(c.reader.follows),
		Sent: map[string]uint64{}, Refused: map[string]uint64{},
	}
	c.addDocument(&s, now)
	if c.sender != nil {
		c.addSender(&s)
	}
	if err == nil && own.Unsaid {
		s.Trouble = append(s.Trouble, Trouble{ErrCopied.Error(), ErrCopied.Hint()})
	}
	for _, err := range []error{room, c.line.split, c.line.documentFault, c.line.fault} {
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
	if len(c.self.Guards) > 0 {
		node, _ := doc.Node(c.self.Guards[0])
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

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }

// NetworkView is the network as the newest document shows it.
type NetworkView struct {
	ID        string    `json:"id"`
	Label     string    `json:"label"`
	Suite     string    `json:"suite"`
	Epoch     uint64    `json:"epoch"`
	Digest    string    `json:"digest,omitempty"`
	From      time.Time `json:"from,omitzero"`
	Until     time.Time `json:"until,omitzero"`
	Nodes     []Node    `json:"nodes"`
	Providers int       `json:"providers"`
	Budget    Budget    `json:"budget"`
}

// Node is a node of the network.
type Node struct {
	Name    string `json:"name"`
	ID      string `json:"id"`
	Role    string `json:"role"`
	Layer   int    `json:"layer,omitempty"`
	Addr    string `json:"addr"`
	Packets uint64 `json:"packets"` // of its last epoch, to two digits
	New     bool   `json:"probation,omitempty"`
	Own     bool   `json:"own,omitempty"` // this person's provider
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
		own := len(c.self.Guards) > 0 && n.ID == c.self.Guards[0]
		v.Nodes = append(v.Nodes, Node{n.Name, n.ID.String(), n.Role.String(), n.Layer, n.Addr, n.Packets, n.Probation, own})
	}
	return v
}
