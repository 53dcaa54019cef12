package virtual

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"murmuration/client/connection"
	people "murmuration/client/person"
	"murmuration/client/scan"
	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/link"
	"murmuration/internal/long"
	"murmuration/internal/protocol"
	"murmuration/internal/testnet"
)

// slow makes a network in which days cost little: each layer costs two of a packet's hops.
func slow(p *directory.Parameters) {
	p.Layers = 1
	p.PayloadEvery, p.LoopEvery, p.DropEvery = 5*time.Minute, 5*time.Minute, 5*time.Minute
	p.MixLoopEvery, p.ReplicateEvery = 8*time.Hour, time.Minute
	p.EpochLength, p.BulletinEvery = 4*time.Hour, 8*time.Minute
	p.Grace = protocol.KeyGrace(p.EpochLength)
}

// way is how a client reaches providers, one of which can be a bad one.
type way struct {
	n    *Net
	body int            // bytes of a reply
	bad  string         // what it does
	who  link.PublicKey // zero: nobody is bad
	met  map[link.PublicKey]bool

	began time.Time // of being bad

	mu    sync.Mutex // guards all above
	conns []link.Conn
}

// turn makes a provider bad, and cuts what links there are.
func (w *way) turn(name, bad string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad, w.met, w.began = bad, map[link.PublicKey]bool{}, time.Now()
	for _, node := range w.n.Nodes {
		if node.Name == name {
			w.who = node.Key()
		}
	}
	for _, conn := range w.conns {
		conn.Close()
	}
}

func (w *way) transport(cfg link.Config) (link.Transport, error) {
	t, err := w.n.Fabric.Transport(cfg)
	return through{t, w}, err
}

type through struct {
	link.Transport
	w *way
}

func (t through) Dial(ctx context.Context, to link.Peer, k link.Kind) (link.Conn, error) {
	t.w.mu.Lock()
	bad := ""
	if to.Key == t.w.who {
		bad = t.w.bad
	}
	if t.w.met != nil {
		t.w.met[to.Key] = true
	}
	t.w.mu.Unlock()
	if bad == "refuses" {
		return nil, link.ErrUnreachable
	}
	conn, err := t.Transport.Dial(ctx, to, k)
	if err != nil {
		return nil, err
	}
	switch {
	case bad == "slams" && k == link.Exchange, bad == "hides documents" && k == link.Directory:
		conn.Close()
	case bad == "withholds" && k == link.Exchange:
		conn = &mute{conn, t.w.body}
	case bad != "" && bad != "serves" && k == link.Exchange:
		conn = &sink{Conn: conn, how: bad, up: make(chan int, 64), end: make(chan struct{}),
			began: time.Now()}
	}
	t.w.mu.Lock()
	defer t.w.mu.Unlock()
	t.w.conns = append(t.w.conns, conn)
	return conn, nil
}

// sink is a link on which nothing goes up, or hardly anything.
type sink struct {
	link.Conn
	how   string
	began time.Time
	up    chan int // sizes of frames that came, for who answers with dummies
	once  sync.Once
	end   chan struct{}
}

func (s *sink) Close() error {
	s.once.Do(func() { close(s.end) })
	return s.Conn.Close()
}

func (s *sink) Send(frames ...[]byte) error {
	switch s.how {
	case "answers with dummies":
		for _, f := range frames {
			s.up <- len(f)
		}
		return nil
	case "lets one in a day through":
		if time.Since(s.began)%(23*time.Hour) > 23*time.Hour-5*time.Minute {
			return s.Conn.Send(frames...)
		}
	}
	return nil
}

func (s *sink) Receive(frame []byte) error {
	if s.how != "answers with dummies" {
		return s.Conn.Receive(frame)
	}
	select {
	case <-s.up:
		return (exchange.Down{}).Marshal(frame)
	case <-s.end:
		return errors.New("closed")
	}
}

// mute is a link to a provider that passes no bulletins on, and is honest else.
type mute struct {
	link.Conn
	body int // bytes of a reply
}

func (m *mute) Receive(frame []byte) error {
	if err := m.Conn.Receive(frame); err != nil {
		return err
	}
	down, err := exchange.ParseDown(frame, m.body)
	if err != nil {
		return err
	}
	down.Body, down.Stream = bytes.Clone(down.Body), nil
	return down.Marshal(frame)
}

// TestBadGuardIsGivenUp after a day, whatever it does: that it takes links is no sign of health.
// Before that, no other provider is dialled, but the second guard for documents that the first does
// not give. Each person has a guard of another kind; the control is one that serves. (Not all kinds
// are there but with `just long`.)
func TestBadGuardIsGivenUp(t *testing.T) {
	few := []string{"serves", "slams", "lets one in a day through"}
	hours := []time.Duration{23, 26, 36}
	if long.Form() {
		hours = append(hours, 40, 44)
	}
	plan := Plan(t)
	slow(&plan.Parameters)
	Run(t, plan, testnet.Options{}, func(n *Net) {
		var all []*guarded
		for bad, limit := range map[string]time.Duration{
			"serves": 0, "refuses": 26 * time.Hour, "slams": 26 * time.Hour,
			"swallows": 26 * time.Hour, "answers with dummies": 26 * time.Hour,
			"lets one in a day through": 36 * time.Hour, "hides documents": 40 * time.Hour,
			"withholds": 44 * time.Hour,
		} {
			if long.Form() || slices.Contains(few, bad) {
				all = append(all, guard(n, bad, limit))
			}
		}
		n.Pass(90 * time.Minute) // fewer loops than half of those by which a guard is judged
		for _, p := range all {
			p.begin(t)
		}
		for _, after := range hours {
			n.Pass(after*time.Hour - time.Since(all[0].way.began))
			for _, p := range all {
				p.check(t, after*time.Hour)
			}
		}
	})
}

// guarded is the connection of somebody whose guard does something bad, for which it is given up
// within a time.
type guarded struct {
	*connection.Connection
	way   *way
	bad   string
	limit time.Duration
	first string // guard
}

func guard(n *Net, bad string, limit time.Duration) *guarded {
	kept := store.Memory()
	if err := kept.Update(connection.Create); err != nil {
		n.t.Fatal(err)
	}
	params, err := n.Plan.Parameters.PacketParams()
	if err != nil {
		n.t.Fatal(err)
	}
	w := &way{n: n, body: params.BodySize()}
	c, err := connection.New(connection.Config{Genesis: n.Genesis, Store: kept,
		Transport: w.transport})
	if err != nil {
		n.t.Fatal(err)
	}
	var reads *scan.Scan // by those for whom it matters; the others save the time
	who := people.New(kept)
	if bad == "withholds" || bad == "serves" {
		reads, err = scan.New(who, scan.Config{Store: kept, Network: n.Genesis.ID(),
			Schedule: n.Genesis.Schedule(), Parameters: n.Plan.Parameters, Random: rand.Reader,
			Exclusive: c.Exclusive})
		if err != nil {
			n.t.Fatal(err)
		}
		c.Read(reads)
	}
	n.Go(c.Run)
	n.Go(func(ctx context.Context) error { return read(ctx, c, who, reads) })
	return &guarded{Connection: c, way: w, bad: bad, limit: limit}
}

// read is the loop of somebody who reads bulletins, if anything.
func read(ctx context.Context, c *connection.Connection, p *people.Person, s *scan.Scan) error {
	tick := time.NewTicker(2 * time.Minute)
	defer tick.Stop()
	for {
		var err error
		select {
		case h := <-c.Heard():
			switch {
			case s == nil:
			case h.Sender != nil:
				err = p.Begin(h.At, h.Sender)
			case h.Guard != directory.NodeID{}:
				s.Connected(h.At, h.Guard)
			default:
				err = s.Heard(h.At, h.Event)
			}
		case <-tick.C:
			err = p.Turn(time.Now())
		case <-ctx.Done():
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *guarded) begin(t *testing.T) {
	s := p.Status()
	if !s.Connected || !s.Guard.Healthy || len(s.Faults) > 0 {
		t.Errorf("%s: at first: %+v", p.bad, s)
	}
	p.first = s.Guard.Name
	p.way.turn(p.first, p.bad)
}

// check looks some time after the beginning.
func (p *guarded) check(t *testing.T, after time.Duration) {
	p.way.mu.Lock()
	met := len(p.way.met)
	p.way.mu.Unlock()
	s := p.Status()
	if given := s.Guard.Name != p.first; p.limit == 0 || after < 24*time.Hour {
		most := 1
		if p.bad == "refuses" || p.bad == "hides documents" {
			most = 2 // the second guard is asked for documents, too
		}
		if given || met > most || s.Guard.Healthy != (p.limit == 0) && p.bad != "hides documents" ||
			s.Guard.Withholds != (p.bad == "withholds") {
			t.Errorf("%s: after %v the guard is %+v, not %s, and %d providers were dialled", p.bad,
				after, s.Guard, p.first, met)
		}
	} else if after >= p.limit && (!given || !s.Connected || !s.Guard.Healthy ||
		len(s.Faults) > 0) {
		t.Errorf("%s: after %v the guard is %+v: %+v", p.bad, after, s.Guard, s.Faults)
	}
}
