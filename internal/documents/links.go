package documents

import (
	"context"
	"errors"
	"fmt"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/link"
)

// ErrUnreached says that an entry was not reached, or did not answer to the end.
var ErrUnreached = errors.New("no answer")

// fetchTimeout bounds one whole document.
const fetchTimeout = time.Minute

// Links fetches documents over links of kind Directory. The transport decides which key the entry
// sees: a node's own, or one that is used for this question alone.
type Links func() (link.Transport, error)

// Fetch asks an entry.
func (l Links) Fetch(ctx context.Context, entry directory.Authority,
	e directory.Epoch) (*directory.Document, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	transport, err := l()
	if err != nil {
		return nil, err
	}
	conn, err := transport.Dial(ctx, link.Peer{Addr: entry.Addr, Key: link.PublicKey(entry.ID)},
		link.Directory)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w: %w", entry.Name, ErrUnreached, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	raw, err := query.Fetch(conn, e)
	switch {
	case errors.Is(err, directory.ErrNoDocument), errors.Is(err, directory.ErrMalformed):
		return nil, fmt.Errorf("asking %s: %w", entry.Name, err)
	case err != nil:
		return nil, fmt.Errorf("asking %s: %w: %w", entry.Name, ErrUnreached, err)
	}
	doc, err := directory.ParseDocument(raw)
	if err != nil {
		return nil, fmt.Errorf("document from %s: %w", entry.Name, err)
	}
	return doc, nil
}
