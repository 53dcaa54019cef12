package node

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/documents"
	"murmuration/internal/link"
)

// Authorities are the registry of a node: those that the genesis names, over links, and the one in
// the same process.
type Authorities struct {
	Genesis   *directory.Genesis
	Transport link.Transport // whose key the authorities see
	// Documents know where authorities are that moved; nil: as the genesis says.
	Documents *documents.Set
	// Self is asked as Own, which is in this process; nil for none.
	Self directory.NodeID
	Own  Registry
}

// Authorities are those for this node, of which one is in this process.
func (c *Chassis) Authorities(own Registry) Authorities {
	return Authorities{Genesis: c.Home.Genesis, Transport: c.transport, Documents: c.Documents,
		Self: c.Home.Identity.ID(), Own: own}
}

// Submit asks all at the same time, and succeeds when as many took the descriptor as sign a
// document: then it stands in most votes.
func (a Authorities) Submit(ctx context.Context, d *directory.Descriptor) error {
	raw, genesis := d.Marshal(), a.Genesis.At(d.Epoch)
	errs := make([]error, len(genesis.Authorities))
	var asked sync.WaitGroup
	for i, whom := range genesis.Authorities {
		asked.Go(func() { // ends with ctx, or the link's time-outs
			if errs[i] = a.submit(ctx, whom, d, raw); errs[i] != nil {
				errs[i] = fmt.Errorf("asking %s: %w", whom.Name, errs[i])
			}
		})
	}
	asked.Wait()
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
		}
	}
	if taken >= genesis.Threshold {
		return nil
	}
	return fmt.Errorf("%d of %d authorities took it, and it needs %d: %w", taken, len(errs),
		genesis.Threshold, errors.Join(errs...))
}

func (a Authorities) submit(ctx context.Context, whom directory.Authority,
	d *directory.Descriptor, raw []byte) error {
	if a.Own != nil && whom.ID == a.Self {
		return a.Own.Submit(ctx, d)
	}
	if a.Documents != nil {
		if doc := a.Documents.Latest(); doc != nil {
			whom.Addr = doc.AddressOf(whom)
		}
	}
	conn, err := a.Transport.Dial(ctx, link.Peer{Addr: whom.Addr, Key: link.PublicKey(whom.ID)},
		link.Directory)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	return query.Submit(conn, raw)
}
