package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/follow"
	"murmuration/internal/durable"
	"murmuration/internal/node/metrics"
	"murmuration/internal/release"
)

// State is what a running node says of itself in its home, for whoever runs it. It names no packet,
// no peer's timing and no client; numbers of traffic are rounded as on the metrics page.
type State struct {
	At       time.Time `json:"at"`
	PID      int       `json:"pid"`
	Version  string    `json:"version"`
	Revision string    `json:"revision"`
	Started  time.Time `json:"started"`

	Name    string `json:"name"`
	ID      string `json:"id"`
	Role    string `json:"role"`
	Listen  string `json:"listen"`
	Address string `json:"address"`

	Epoch      uint64 `json:"epoch"`
	InForce    bool   `json:"document_in_force"`
	InDocument bool   `json:"in_document"`
	Layer      int    `json:"layer"`
	Probation  bool   `json:"probation,omitempty"`
	Trouble    string `json:"trouble,omitempty"`   // with the network documents
	Refusal    string `json:"refusal,omitempty"`   // why an authority refuses this node
	Twice      bool   `json:"twice,omitempty"`     // somebody else is this node, too
	Leaving    bool   `json:"leaving,omitempty"`   // no more documents are to have it
	LeavesAt   string `json:"leaves_at,omitempty"` // when it has left, as far as is known

	Reach     string         `json:"reach,omitempty"`     // what came of being dialled last
	Unreached bool           `json:"unreached,omitempty"` // it was dialled in vain
	LinksUp   int            `json:"links_up"`
	Links     int            `json:"links"`
	Ahead     time.Duration  `json:"clocks_ahead_ns"` // those of others, the median
	Clocks    int            `json:"clocks"`          // how many those are
	In        uint64         `json:"packets_received"`
	Out       uint64         `json:"packets_sent"`
	Dropped   map[string]int `json:"dropped"` // by reason
	Held      int            `json:"packets_held"`
	Fill      float64        `json:"replay_fill"`

	Files     int    `json:"files_open"` // -1 where that cannot be seen
	FileLimit uint64 `json:"file_limit"` // 0: none is known
	DiskFree  uint64 `json:"disk_free"`  // bytes

	Loops      float64  `json:"loops,omitempty"` // of a mix: share that came back
	LoopAlarm  bool     `json:"loop_alarm,omitempty"`
	Neighbours []string `json:"neighbours,omitempty"` // over whose links loops are lost

	Spools int `json:"spools,omitempty"` // of a provider, to tens
	Places int `json:"places,omitempty"`
}

const (
	stateFile  = "state.json"
	stateEvery = 10 * time.Second
	maxState   = 64 << 10 // bytes
	// StateAge is the age from which a state says nothing of now.
	StateAge = 3 * stateEvery
)

// ReadState reads what the node of a home said last; fs.ErrNotExist if it never ran.
func ReadState(home string) (*State, error) {
	raw, err := durable.ReadFile(filepath.Join(home, stateFile), maxState)
	if err != nil {
		return nil, fmt.Errorf("reading a node's state: %w", err)
	}
	s := new(State)
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("reading a node's state: %w", err)
	}
	return s, nil
}

// report writes the state into the home until ctx ends. What cannot be written is left out: it is
// for somebody to read, and nothing rests on it.
func (n *Node) report(ctx context.Context) error {
	tick := time.NewTicker(cmp.Or(n.cfg.StateEvery, stateEvery))
	defer tick.Stop()
	for {
		n.writeState()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.news:
		}
	}
}

func (n *Node) writeState() {
	raw, err := json.MarshalIndent(n.State(), "", "  ")
	if err != nil {
		return
	}
	_ = durable.Show(n.Home.Path(stateFile), raw, 0o600)
}

// State is how the node is now.
func (n *Node) State() State {
	now := time.Now()
	s := State{
		At: now.UTC(), PID: os.Getpid(), Version: release.Version, Revision: release.Revision(),
		Started: n.started.UTC(), Name: n.cfg.Name, ID: n.Home.Identity.ID().String(),
		Role: n.cfg.Role.String(), Listen: n.cfg.Listen, Address: n.cfg.Address,
		Twice: n.twice.Load(), Leaving: n.leaving.Load(), Fill: n.fill(), Held: int(n.held()),
		Files: filesOpen(), FileLimit: openFiles(), Dropped: map[string]int{},
	}
	n.stateOfDocument(&s, now)
	if reach := n.reach.Load(); reach != nil {
		s.Reach, s.Unreached = *reach, n.unreached.Load()
	}
	s.LinksUp, s.Links = n.links.connected()
	s.Ahead, s.Clocks = n.Clocks.Ahead(now)
	in, out := n.Counts.Totals()
	s.In, s.Out = in/metrics.Step*metrics.Step, out/metrics.Step*metrics.Step
	for _, r := range n.cfg.Reasons {
		if d := n.Counts.Dropped(r) / metrics.Step * metrics.Step; d > 0 {
			s.Dropped[r.String()] = int(d)
		}
	}
	if free, err := durable.Free(n.Home.Dir); err == nil {
		s.DiskFree = free
	}
	if n.role.State != nil {
		n.role.State(&s)
	}
	return s
}

// stateOfDocument is how the node stands in the network.
func (n *Node) stateOfDocument(s *State, now time.Time) {
	if e, err := n.Home.Genesis.Schedule().Epoch(now); err == nil {
		s.Epoch = uint64(e)
	}
	if doc := n.Documents.Current(); doc != nil {
		var self directory.Node
		s.InForce = true
		self, s.InDocument = doc.Node(n.Home.Identity.ID())
		s.Layer, s.Probation = self.Layer, self.Probation
	}
	if t := n.Documents.Trouble(); t.Kind != follow.NoTrouble {
		s.Trouble = t.String()
	}
	if told := n.announce.refused.Load(); told != nil {
		s.Refusal = told.Error()
	}
	// Who has boxes is listed in each document until their time is over: no day is promised.
	if last := n.listedUntil(); n.leaving.Load() && !last.IsZero() && !n.needed(now) {
		s.LeavesAt = last.UTC().Format(time.RFC3339)
	}
}

// filesOpen counts the open files of this process, -1 where it cannot.
func filesOpen() int {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(all) - 1 // but for the directory itself
}

// Running says whether a process has the home, and which; 0 if that cannot be read.
func Running(home string) (pid int, running bool, err error) {
	path := filepath.Join(home, "lock")
	if _, err := os.Stat(path); err != nil {
		return 0, false, nil // it never ran
	}
	lock, err := durable.Acquire(path)
	var locked *durable.Locked
	if errors.As(err, &locked) {
		return locked.PID, true, nil
	}
	if err != nil {
		return 0, false, err
	}
	return 0, false, lock.Close()
}
