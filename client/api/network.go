package api

import (
	"context"
	"net/http"
	"time"

	"murmuration/client"
)

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
	Own     bool   `json:"own,omitempty"`    // this person's provider
	Family  string `json:"family,omitempty"` // of one operator's nodes
	// Share is what a mix gets of its layer's packets, 1 to 8: four is what its middle mix gets.
	Share int `json:"share,omitempty"`
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

func (s *server) network() []route {
	return []route{
		answering("GET", "/v1/network", "the newest network document, and the budget",
			func(*http.Request) (Network, error) { return networkOf(s.client.Network()), nil }),
		taking("PUT", "/v1/guard", "uses another provider from now on", maxSmall,
			func(r *http.Request, g Guard) (nothing, error) {
				return nothing{}, s.client.UseGuard(r.Context(), g.Name)
			}),
	}
}

// Guard is the provider that a person uses.
type Guard struct {
	Name string `json:"name"` // in the network document
}

// UseGuard uses another provider from now on.
func (c *Client) UseGuard(ctx context.Context, name string) error {
	return c.call(ctx, "PUT", "/v1/guard", Guard{name}, nil)
}

// Network shows the newest network document.
func (c *Client) Network(ctx context.Context) (v Network, err error) {
	return v, c.call(ctx, "GET", "/v1/network", nil, &v)
}
