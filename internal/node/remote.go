package node

import (
	"context"
	"errors"
	"fmt"

	"murmuration/internal/directory"
	"murmuration/internal/link"
)

// Remote is the registry of nodes that are no authority: the providers that the genesis names, over
// Directory links.
type Remote struct {
	genesis   *directory.Genesis
	transport link.Transport
}

// NewRemote uses transport, whose key the authorities see.
func NewRemote(genesis *directory.Genesis, transport link.Transport) *Remote {
	return &Remote{genesis: genesis, transport: transport}
}

// Fetch asks one provider after the other.
func (r *Remote) Fetch(ctx context.Context, e directory.Epoch) (*directory.Document, error) {
	var errs []error
	for _, entry := range r.genesis.Entries {
		raw, err := r.ask(ctx, entry, func(conn link.Conn) ([]byte, error) { return directory.Fetch(conn, e) })
		if err != nil {
			errs = append(errs, err)
			continue
		}
		doc, err := directory.ParseDocument(raw)
		if err == nil {
			return doc, nil
		}
		errs = append(errs, fmt.Errorf("document from %s: %w", entry.Name, err))
	}
	return nil, errors.Join(errs...)
}

// Submit succeeds when one authority took the descriptor; the votes of the others follow.
func (r *Remote) Submit(ctx context.Context, d *directory.Descriptor) error {
	raw := d.Marshal()
	var errs []error
	for _, authority := range r.genesis.Authorities {
		_, err := r.ask(ctx, authority, func(conn link.Conn) ([]byte, error) { return nil, directory.Submit(conn, raw) })
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) < len(r.genesis.Authorities) {
		return nil
	}
	return errors.Join(errs...)
}

func (r *Remote) ask(ctx context.Context, whom directory.Authority, what func(link.Conn) ([]byte, error)) ([]byte, error) {
	conn, err := r.transport.Dial(ctx, link.Peer{Addr: whom.Addr, Key: link.PublicKey(whom.ID)}, link.Directory)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", whom.Name, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	answer, err := what(conn)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", whom.Name, err)
	}
	return answer, nil
}
