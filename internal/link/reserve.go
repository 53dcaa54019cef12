package link

import (
	"fmt"
	"net"
	"sync/atomic"
)

// Reservation is a TCP address that is bound and not yet in use. It lets a network be founded whose
// genesis names ports that the system chose, without a moment in which another process could take
// them.
type Reservation struct {
	raw   net.Listener
	taken atomic.Bool
}

// Reserve binds host:port; port 0 lets the system choose. Connections wait until a transport whose
// Config.Reserved is the reservation listens on its address.
func Reserve(addr string) (*Reservation, error) {
	raw, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("reserving %s: %w", addr, err)
	}
	return &Reservation{raw: raw}, nil
}

// Addr is the address with the port that the system chose.
func (r *Reservation) Addr() string { return r.raw.Addr().String() }

// Close lets the address go, unless a transport took it over: that one closes it.
func (r *Reservation) Close() error {
	if r.taken.Swap(true) {
		return nil
	}
	return r.raw.Close()
}

// bind opens addr, or takes it over from the reservation, once.
func (c *Config) bind(addr string) (net.Listener, error) {
	if c.Reserved != nil && c.Reserved.Addr() == addr && !c.Reserved.taken.Swap(true) {
		return c.Reserved.raw, nil
	}
	return net.Listen("tcp", addr)
}
