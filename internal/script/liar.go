package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/council"
	"murmuration/internal/directory/query"
	"murmuration/internal/link"
	"murmuration/internal/node"
)

// Liar is the program `liar HOME ADDRESS`: it has the keys of the authority in HOME, listens where
// that one would, and lies whenever an authority speaks. It votes for one thing to one half of the
// others and for another to the other half, signs documents that nobody made, takes every
// descriptor, and serves forged documents to whoever asks. What it did is on its standard output.
func Liar() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: liar HOME ADDRESS")
		os.Exit(2)
	}
	home, err := node.OpenHome(os.Args[1])
	if err == nil {
		l := &liar{Home: home, heard: map[directory.Epoch]listings{},
			served: map[directory.Epoch]bool{}}
		err = l.run(ctx, os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// listings are nodes as they described themselves.
type listings map[directory.NodeID]directory.Listing

// liar is an authority that keeps no rules.
type liar struct {
	*node.Home
	transport link.Transport

	mu     sync.Mutex // guards all below
	heard  map[directory.Epoch]listings
	truth  *directory.Document // the newest that another one gave; nil: none yet
	served map[directory.Epoch]bool
}

// run lies until ctx ends.
func (l *liar) run(ctx context.Context, addr string) (err error) {
	l.transport, err = link.NewTLS(link.Config{Network: l.Genesis.ID(), Identity: l.Seed,
		FrameSize: func(k link.Kind) int {
			return map[link.Kind]int{link.Directory: query.FrameSize,
				link.Council: council.FrameSize}[k]
		},
		Admit: func(link.PublicKey, link.Kind) bool { return true },
	})
	if err != nil {
		return err
	}
	listener, err := l.transport.Listen(addr)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	go l.accept(ctx, listener) // ends with the listener
	schedule := l.Genesis.Schedule()
	for {
		e, err := schedule.Epoch(time.Now())
		if err != nil {
			return err
		}
		within := schedule.Length / 32 // of the phase that has begun
		for _, step := range []struct {
			at time.Time
			do func(context.Context, directory.Epoch)
		}{
			{schedule.EndOf(e, directory.PhaseDescriptors).Add(within), l.vote},
			{schedule.EndOf(e, directory.PhaseEcho).Add(within), l.sign},
			{schedule.StartOf(e + 1), func(context.Context, directory.Epoch) {}},
		} {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Until(step.at)):
				step.do(ctx, e+1)
			}
		}
	}
}

// accept answers everybody, until the listener closes.
func (l *liar) accept(ctx context.Context, listener link.Listener) {
	for {
		conn, err := listener.Accept(ctx)
		if err != nil {
			return
		}
		go func() { // ends with the link
			defer conn.Close()
			if conn.Kind() == link.Council {
				_ = council.Hear(conn, func(council.Word) {})
				return
			}
			_ = query.Serve(conn, l)
		}()
	}
}

// others are the authorities that it lies to about a document.
func (l *liar) others(e directory.Epoch) []directory.Authority {
	return slices.DeleteFunc(slices.Clone(l.Genesis.At(e).Authorities),
		func(a directory.Authority) bool { return a.ID == l.Identity.ID() })
}

// vote says one thing to every second of the others and another to the rest.
func (l *liar) vote(ctx context.Context, e directory.Epoch) {
	l.learn(ctx, e)
	var words [2]council.Word
	for i := range words {
		v := &directory.Vote{Network: l.Genesis.ID(), Epoch: e, By: l.Identity.ID(),
			Parameters: l.Genesis.Parameters}
		l.mu.Lock()
		if l.truth != nil {
			v.Previous = l.truth.Digest()
		}
		for _, one := range l.heard[e] {
			v.Listings = append(v.Listings, one)
		}
		l.mu.Unlock()
		v.Sign(l.Identity) // sorts
		if i == 1 && len(v.Listings) > 0 {
			v.Listings = v.Listings[1:]
			v.Sign(l.Identity)
		}
		words[i].Vote = &directory.Relay{Vote: v}
	}
	told := 0
	for i, to := range l.others(e) {
		if l.tell(ctx, to, words[i%2]) == nil {
			told++
		}
	}
	fmt.Printf("two votes for epoch %d, one of %d nodes, to %d others\n", e,
		len(words[0].Vote.Vote.Listings), told)
}

// sign endorses a document that nobody made.
func (l *liar) sign(ctx context.Context, e directory.Epoch) {
	doc := l.forge(e)
	if doc == nil {
		return
	}
	told := 0
	for _, to := range l.others(e) {
		if l.tell(ctx, to, council.Word{Signature: &directory.Endorsement{Epoch: e,
			Digest: doc.Digest(), Signature: doc.Signatures[0]}}) == nil {
			told++
		}
	}
	fmt.Printf("a forged document of epoch %d signed to %d others\n", e, told)
}

func (l *liar) tell(ctx context.Context, to directory.Authority, w council.Word) error {
	conn, err := l.transport.Dial(ctx, l.peer(to), link.Council)
	if err != nil {
		return err
	}
	defer conn.Close()
	return council.Send(conn, w.Frames())
}

func (l *liar) peer(a directory.Authority) link.Peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.truth != nil {
		a.Addr = l.truth.AddressOf(a)
	}
	return link.Peer{Addr: a.Addr, Key: link.PublicKey(a.ID)}
}

// learn gets the newest true document, which its lies are made after.
func (l *liar) learn(ctx context.Context, e directory.Epoch) {
	for _, a := range l.others(e) {
		conn, err := l.transport.Dial(ctx, l.peer(a), link.Directory)
		if err != nil {
			continue
		}
		raw, err := query.Fetch(conn, directory.Latest)
		conn.Close()
		if err != nil {
			continue
		}
		doc, err := directory.ParseDocument(raw)
		if err == nil && doc.Verify(l.Genesis) == nil {
			l.mu.Lock()
			l.truth = doc
			l.mu.Unlock()
			return
		}
	}
}

// forge is a document of an epoch without one of the mixes, signed by the liar alone; nil while it
// knows no true one to make it of.
func (l *liar) forge(e directory.Epoch) *directory.Document {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.truth == nil {
		return nil
	}
	doc := *l.truth
	doc.Epoch, doc.Signatures = e, nil
	doc.Nodes = slices.Clone(doc.Nodes)
	gone := slices.IndexFunc(doc.Nodes,
		func(n directory.Node) bool { return n.Role == directory.RoleMix })
	doc.Nodes = slices.Delete(doc.Nodes, gone, gone+1)
	doc.Sign(l.Identity)
	return &doc
}

// Document implements query.Library by a forgery.
func (l *liar) Document(e directory.Epoch) ([]byte, bool) {
	doc := l.forge(e)
	if doc == nil {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.served[e] {
		l.served[e] = true
		fmt.Printf("a forged document of epoch %d served\n", e)
	}
	return doc.Marshal(), true
}

// Latest implements query.Library by one of an epoch to come.
func (l *liar) Latest() (directory.Epoch, []byte, bool) {
	e, err := l.Genesis.Schedule().Epoch(time.Now())
	if err != nil {
		return 0, nil, false
	}
	raw, ok := l.Document(e + 1)
	return e + 1, raw, ok
}

var errNoDescriptor = errors.New("this is no descriptor")

// Submit implements query.Library: whoever asks is taken.
func (l *liar) Submit(raw []byte) error {
	d, err := directory.ParseDescriptor(raw)
	if err != nil {
		return errNoDescriptor
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heard[d.Epoch] == nil {
		clear(l.heard) // nobody needs those of epochs before
		l.heard[d.Epoch] = listings{}
	}
	l.heard[d.Epoch][d.ID] = directory.Listing{Descriptor: d}
	return nil
}
