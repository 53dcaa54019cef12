package authority

import (
	"context"
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"sync"
	"time"

	"murmuration/internal/backoff"
	"murmuration/internal/directory"
	"murmuration/internal/directory/council"
	"murmuration/internal/link"
)

// Dialler opens links as one node.
type Dialler interface {
	Dial(ctx context.Context, to link.Peer, kind link.Kind) (link.Conn, error)
}

// other is another authority, with what it is still to be told. It is told again until it has heard
// it or it is too late.
type other struct {
	a    *Authority
	who  directory.Authority
	wake chan struct{} // one place: "queue is not empty"
	most int           // that wait

	mu    sync.Mutex // guards queue
	queue []*saying  // the oldest first

	waits  *backoff.Backoff // owned by the goroutine of run, as all below
	since  time.Time        // that it is not reached; zero: it is
	warned bool
}

// saying is one word on its way.
type saying struct {
	frames [][]byte
	until  time.Time // later, nobody needs it
}

func newOther(a *Authority, who directory.Authority) *other {
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	const first, last = 100 * time.Millisecond, 15 * time.Second
	most := min(last, a.Home.Genesis.Parameters.EpochLength/64)
	return &other{a: a, who: who, wake: make(chan struct{}, 1),
		// an own vote, two of each other, two signatures; and as much of the next epoch
		most:  2 * (2*len(a.Home.Genesis.Authorities) + 2),
		waits: backoff.New(first, most, mrand.New(mrand.NewChaCha8(seed)))}
}

// say has it told; what is oldest goes if too much waits.
func (o *other) say(frames [][]byte, until time.Time) {
	o.mu.Lock()
	o.queue = append(o.queue, &saying{frames, until})
	o.queue = o.queue[max(0, len(o.queue)-o.most):]
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// waiting is how much the other has not heard.
func (o *other) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.queue)
}

// first is what is to be said next, nil for nothing. What is too late is dropped.
func (o *other) first(now time.Time) *saying {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queue) > 0 && !now.Before(o.queue[0].until) {
		o.queue = o.queue[1:]
	}
	if len(o.queue) == 0 {
		return nil
	}
	return o.queue[0]
}

// heard drops what was said.
func (o *other) heard(s *saying) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) > 0 && o.queue[0] == s {
		o.queue = o.queue[1:]
	}
}

// run talks to the other authority until ctx ends. There is a link only while there is something to
// say.
func (o *other) run(ctx context.Context) {
	for ctx.Err() == nil {
		if o.first(time.Now()) == nil {
			select {
			case <-ctx.Done():
			case <-o.wake:
			}
			continue
		}
		err := o.talk(ctx)
		o.tell(err)
		if err == nil {
			o.waits.Reset()
			continue
		}
		timer := time.NewTimer(o.waits.Next())
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}

// talk opens a link and says everything that waits.
func (o *other) talk(ctx context.Context) error {
	conn, err := o.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for s := o.first(time.Now()); s != nil; s = o.first(time.Now()) {
		if err := council.Send(conn, s.frames); err != nil {
			return err
		}
		o.heard(s)
	}
	return nil
}

// dial tries the address that the documents know, and then that of the genesis.
func (o *other) dial(ctx context.Context) (link.Conn, error) {
	addr := o.who.Addr
	if doc := o.a.Documents.Latest(); doc != nil {
		addr = doc.AddressOf(o.who)
	}
	conn, err := o.try(ctx, addr)
	if err != nil && addr != o.who.Addr && ctx.Err() == nil {
		conn, err = o.try(ctx, o.who.Addr)
	}
	return conn, err
}

func (o *other) try(ctx context.Context, addr string) (link.Conn, error) {
	conn, err := o.a.Dial.Dial(ctx, link.Peer{Addr: addr, Key: link.PublicKey(o.who.ID)},
		link.Council)
	if err != nil {
		return nil, fmt.Errorf("talking to %s: %w", o.who.Name, err)
	}
	return conn, nil
}

// tell says when another authority was not reached for an eighth of an epoch, in which phases pass,
// and when it is there again.
func (o *other) tell(err error) {
	now := time.Now()
	switch {
	case err == nil && o.warned:
		o.a.Log.Info("another authority is reached again", "name", o.who.Name)
		fallthrough
	case err == nil:
		o.since, o.warned = time.Time{}, false
	case o.since.IsZero():
		o.since = now
	case !o.warned && now.Sub(o.since) >= o.a.Home.Genesis.Parameters.EpochLength/8:
		o.warned = true
		o.a.Log.Warn("another authority is not reached: if too many are, there is no next network "+
			"document; tell its operator", "name", o.who.Name, "address", o.who.Addr, "error", err)
	}
}
