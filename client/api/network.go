package api

import (
	"time"

	"murmuration/client"
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
	Serves    bool      `json:"provider_serves"`           // something came back through it
	Failing   float64   `json:"provider_failing,omitzero"` // seconds for which it was tried in vain
	LastReply time.Time `json:"last_reply,omitzero"`       // that came back through the mixes
	Trouble   []Trouble `json:"trouble,omitempty"`

	Epoch    uint64    `json:"epoch"`          // by the clock
	Document uint64    `json:"document_epoch"` // newest network document
	Until    time.Time `json:"valid_until,omitzero"`

	Loops   float64 `json:"loop_return"` // share of the last loops that came back
	LoopsOf int     `json:"loops"`       // how many those are
	Waiting int     `json:"waiting"`     // boxes in the outbox
	Asking  int     `json:"asking"`      // requests in the work lane
	Follows int     `json:"follows"`

	Tokens   int  `json:"tokens"`    // to write with today
	TokensOf int  `json:"tokens_of"` // that came for today
	Free     bool `json:"no_tokens"` // writes need none in this network

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

func statusOf(s client.Status) Status {
	shown := Status{
		Name: s.Name, Network: s.Network, Label: s.Label, Now: s.Now, Connected: s.Connected,
		Since:    s.Since,
		Provider: s.Provider, Serves: s.Serves, Failing: s.Failing.Seconds(),
		LastReply: s.LastReply, Epoch: s.Epoch, Document: s.Document, Until: s.Until,
		Loops: s.Loops, LoopsOf: s.LoopsOf, Waiting: s.Waiting, Asking: s.Asking,
		Follows: s.Follows, Tokens: s.Tokens, TokensOf: s.TokensOf, Free: s.Free,
		Sent: s.Sent, Silent: s.Silent, Resent: s.Resent, Replies: s.Replies, Refused: s.Refused,
	}
	for _, t := range s.Trouble {
		shown.Trouble = append(shown.Trouble, Trouble(t))
	}
	return shown
}

// Network is the network as the newest document shows it.
type Network struct {
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

// Budget is what a client of a network costs and gets, whether or not its person does anything.
type Budget struct {
	FrameBytes    int           `json:"frame_bytes"`    // of one exchange, each way, inside TLS
	FramesPerDay  float64       `json:"frames_per_day"` // each way
	BytesPerDay   float64       `json:"bytes_per_day"`  // each way, TLS and TCP/IP included
	WorkPerDay    float64       `json:"work_per_day"`   // requests of the work lane
	ContentPerDay float64       `json:"content_bytes_per_day"`
	RoundTrip     time.Duration `json:"round_trip_ns"`
	PostWindow    Window        `json:"post_window"` // for one box to be stored
	// of where a packet went, for a watcher of all links; 0: not known yet
	Entropy float64 `json:"entropy_bits"`

	// of a full network of so many people, who write the boxes of their cover and no more
	Clients   int           `json:"clients"`
	Whole     int           `json:"everything_fetched_up_to"` // people
	Crowd     float64       `json:"crowd"`                    // others who fetch a box, at least
	Bulletins float64       `json:"bulletin_bytes_per_second"`
	Free      float64       `json:"free_bytes_per_second"` // of exchanges, which carry them
	PostRead  time.Duration `json:"post_read_ns"`          // mean, both people always online
	PostSlow  time.Duration `json:"post_read_slow_ns"`

	// write tokens of a network of ten providers; 0: none are needed
	Tokens     int `json:"tokens_per_day"`
	TokenAsks  int `json:"token_questions_per_day"` // each in place of a packet of the drop stream
	TokenBytes int `json:"token_bytes_per_day"`     // down, of the free ones
}

func networkOf(v client.NetworkView) Network {
	shown := Network{
		ID: v.ID, Label: v.Label, Suite: v.Suite, Epoch: v.Epoch, Digest: v.Digest, From: v.From,
		Until: v.Until,
		Nodes: []Node{}, Providers: v.Providers, Budget: budgetOf(v.Budget),
	}
	for _, n := range v.Nodes {
		shown.Nodes = append(shown.Nodes, Node(n))
	}
	return shown
}

func budgetOf(b client.Budget) Budget {
	return Budget{
		FrameBytes: b.FrameBytes, FramesPerDay: b.FramesPerDay, BytesPerDay: b.BytesPerDay,
		WorkPerDay: b.WorkPerDay, ContentPerDay: b.ContentPerDay,
		RoundTrip: b.RoundTrip, PostWindow: Window(b.PostWindow), Entropy: b.Entropy,
		Clients: b.Clients, Whole: b.Whole, Crowd: b.Crowd, Bulletins: b.Bulletins, Free: b.Free,
		PostRead: b.PostRead, PostSlow: b.PostSlow,
		Tokens: b.Tokens, TokenAsks: b.TokenAsks, TokenBytes: b.TokenBytes,
	}
}

// Finding is something about the network documents that should not be.
type Finding struct {
	Seen  time.Time `json:"seen"`
	Epoch uint64    `json:"epoch"`
	What  string    `json:"what"`
	// two signed documents; without them, it proves nothing
	Evidence []byte `json:"evidence,omitempty"`
}

func findingsOf(all []client.Finding) []Finding {
	shown := []Finding{}
	for _, f := range all {
		shown = append(shown, Finding(f))
	}
	return shown
}
