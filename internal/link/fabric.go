package link

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// backlog is how many dialled connections may wait for a listener on a Fabric.
const backlog = 128

// Fabric is a network in memory: every Transport made from it can dial every
// address that another listens on. There is no socket, no TLS and no hidden
// randomness; it knows each side's key from its configuration, so that all
// rules of the real transport hold. It works under testing/synctest, if it is
// made inside the bubble.
type Fabric struct {
	mu     sync.Mutex // guards all below
	nodes  map[string]*port
	ports  int    // for addresses that end in :0
	nextID uint64 // stands in for the TLS exporter
}

// NewFabric is an empty network.
func NewFabric() *Fabric { return &Fabric{nodes: map[string]*port{}} }

// Transport is one node's view of the fabric. For MaxConnsPerAddr its key is
// its address.
func (f *Fabric) Transport(cfg Config) (Transport, error) {
	cfg, err := cfg.ready()
	if err != nil {
		return nil, err
	}
	return &memory{fabric: f, cfg: cfg, key: cfg.Identity.Public()}, nil
}

// Pipe is the two ends of one established link in memory, without a network
// around it: no hello and no admission, but the frames, time-outs, direction
// and counters of the two configurations.
func Pipe(dialler, acceptor Config, kind Kind) (Conn, Conn, error) {
	d, err := dialler.ready()
	if err != nil {
		return nil, nil, err
	}
	a, err := acceptor.ready()
	if err != nil {
		return nil, nil, err
	}
	if !kind.valid() || d.FrameSize(kind) == 0 || d.FrameSize(kind) != a.FrameSize(kind) {
		return nil, nil, fmt.Errorf("connecting a pipe for %s: %w", kind, errFrameSize)
	}
	near, far := newPipe(d.Identity.Public(), a.Identity.Public(), [32]byte{})
	return newConn(&d, near.channel(), kind, true), newConn(&a, far.channel(), kind, false), nil
}

type memory struct {
	fabric *Fabric
	cfg    Config
	key    PublicKey
}

// Listen implements Transport. An address that ends in :0 gets a port of its own.
func (m *memory) Listen(addr string) (Listener, error) {
	p := &port{fabric: m.fabric, key: m.key, incoming: make(chan *pipeEnd, backlog),
		done: make(chan struct{})}
	if err := m.fabric.register(p, addr); err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, err)
	}
	return listen(&m.cfg, p, func(_ context.Context, socket net.Conn) (*channel, error) {
		ch := socket.(*pipeEnd).channel()
		return ch, ch.peer.check()
	}), nil
}

// Dial implements Transport.
func (m *memory) Dial(ctx context.Context, to Peer, kind Kind) (Conn, error) {
	return m.cfg.dial(ctx, to, kind, func(context.Context) (*channel, error) {
		end, err := m.fabric.connect(m.key, to.Addr)
		if err != nil {
			return nil, err
		}
		if end.peer != to.Key {
			end.Close()
			return nil, ErrOtherKey
		}
		return end.channel(), nil
	})
}

func (f *Fabric) register(p *port, addr string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if name, any := cutPortZero(addr); any {
		f.ports++
		addr = name + ":" + strconv.Itoa(f.ports)
	}
	if f.nodes[addr] != nil {
		return fmt.Errorf("address already in use")
	}
	p.addr = pipeAddr(addr)
	f.nodes[addr] = p
	return nil
}

func cutPortZero(addr string) (name string, ok bool) {
	name, port, err := net.SplitHostPort(addr)
	return name, err == nil && port == "0"
}

func (f *Fabric) connect(dialler PublicKey, addr string) (*pipeEnd, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.nodes[addr]
	if p == nil {
		return nil, ErrUnreachable
	}
	var id [32]byte
	f.nextID++
	binary.BigEndian.PutUint64(id[:], f.nextID)
	near, far := newPipe(dialler, p.key, id)
	select {
	case p.incoming <- far:
		return near, nil
	default:
		return nil, errRefused
	}
}

// port is a listening address of a Fabric; it implements net.Listener.
type port struct {
	fabric   *Fabric
	addr     pipeAddr
	key      PublicKey
	incoming chan *pipeEnd // sent to under Fabric.mu while registered
	done     chan struct{}
	once     sync.Once
}

func (p *port) Addr() net.Addr { return p.addr }

func (p *port) Accept() (net.Conn, error) {
	select {
	case end := <-p.incoming:
		return end, nil
	case <-p.done:
		return nil, errClosed
	}
}

// Close frees the address and cuts what waits in the backlog.
func (p *port) Close() error {
	p.once.Do(func() {
		p.fabric.mu.Lock()
		delete(p.fabric.nodes, string(p.addr))
		p.fabric.mu.Unlock()
		close(p.done)
		for {
			select {
			case end := <-p.incoming:
				end.Close()
			default:
				return
			}
		}
	})
	return nil
}
