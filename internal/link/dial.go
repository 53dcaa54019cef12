package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// dial runs the dialling side over whatever channel call opens.
func (c *Config) dial(
	ctx context.Context, to Peer, kind Kind, call func(context.Context) (*channel, error),
) (Conn, error) {
	conn, err := c.tryDial(ctx, to, kind, call)
	if err != nil {
		c.Counters.add(dialFailed, 1)
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("dialling %s for %s: %w", to.Addr, kind, err)
	}
	c.Counters.add(dialled, 1)
	return conn, nil
}

func (c *Config) tryDial(
	ctx context.Context, to Peer, kind Kind, call func(context.Context) (*channel, error),
) (Conn, error) {
	if !kind.valid() || c.FrameSize(kind) == 0 {
		return nil, fmt.Errorf("%w: none is configured", errFrameSize)
	}
	if err := to.Key.check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.HandshakeTimeout)
	defer cancel()
	ch, err := call(ctx)
	if err == nil {
		err = c.greet(ctx, ch, kind)
	}
	switch {
	case err == nil:
		return newConn(c, ch, kind, true), nil
	case isTimeout(err) && !errors.Is(err, ErrUnreachable):
		return nil, errHandshakeTimeout
	}
	return nil, err
}

// greet says hello and judges the answer. It closes the channel on an error.
func (c *Config) greet(ctx context.Context, ch *channel, kind Kind) error {
	stop := context.AfterFunc(ctx, func() { ch.socket.Close() })
	said := time.Now()
	err := c.sayHello(ch, kind)
	if err == nil {
		err = c.judgeHello(ch, kind, said)
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = ch.SetDeadline(time.Time{})
	}
	if err != nil {
		ch.socket.Close()
	}
	return err
}

func (c *Config) sayHello(ch *channel, kind Kind) error {
	h := hello{
		kind:      kind,
		frameSize: uint32(c.FrameSize(kind)),
		binding:   bind(c.Network, ch.exporter, roleDialler),
	}
	if kind == Exchange {
		h.invitation = c.Invitation
	}
	err := writeHello(ch, h)
	if err != nil && !isTimeout(err) {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	return err
}

func (c *Config) judgeHello(ch *channel, kind Kind, said time.Time) error {
	h, err := readHello(ch)
	switch {
	case errors.Is(err, errOtherVersion):
		return err
	case errors.Is(err, errBadHello):
		return fmt.Errorf("%w: %w", ErrNotMurmur, err)
	case err != nil && !isTimeout(err):
		return fmt.Errorf("%w: %w", ErrNotAdmitted, err) // a close is all that it tells
	case err != nil:
		return err
	case h.binding != bind(c.Network, ch.exporter, roleAcceptor):
		return ErrOtherNetwork
	case h.kind != kind, h.invitation != (Invitation{}):
		return ErrNotMurmur
	case int(h.frameSize) != c.FrameSize(kind):
		return fmt.Errorf("%w: theirs %d bytes, ours %d", errFrameSize, h.frameSize,
			c.FrameSize(kind))
	}
	c.Clocks.Hear(ch.peer, time.UnixMilli(int64(h.clock)), said, time.Now())
	return h.answer.err()
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}
