package node

import (
	"context"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/documents"
	"murmuration/internal/link"
)

// Library is what a provider or an authority gives to whoever asks for documents, and where
// descriptors go.
type Library struct {
	Documents *documents.Set
	Registry  Registry // nil where there is no authority
	Calls     *Calls   // nil dials nobody
	// Founding is the genesis by which the node goes, with all its successions.
	Founding []byte
}

// Genesis implements query.Founded.
func (l Library) Genesis() []byte { return l.Founding }

// Admits lets strangers in: the network is no secret.
func (Library) Admits(link.PublicKey) bool { return true }

// Knows implements Knower.
func (l Library) Knows(peer link.PublicKey) bool {
	k, ok := l.Registry.(Knower)
	return ok && k.Knows(peer)
}

// Serve answers a stranger's questions about the network.
func (l Library) Serve(ctx context.Context, conn link.Conn) error {
	return query.Serve(conn, visited{l, ctx, conn.Peer()})
}

// visited is a library as one peer uses it.
type visited struct {
	Library
	ctx  context.Context
	peer link.PublicKey
}

// Reach implements query.Dialler.
func (v visited) Reach() query.Reach {
	doc := v.Documents.Latest()
	if doc == nil || v.Calls == nil {
		return query.ReachLater
	}
	n, ok := doc.Node(directory.NodeID(v.peer))
	if !ok {
		return query.Unlisted
	}
	return v.Calls.call(v.ctx, time.Now(), link.Peer{Addr: n.Addr, Key: v.peer})
}

// Document is the document of one epoch, if it is here.
func (l Library) Document(e directory.Epoch) ([]byte, bool) {
	raw := l.Documents.Bytes(e)
	return raw, raw != nil
}

// Latest is the newest document that is here.
func (l Library) Latest() (directory.Epoch, []byte, bool) {
	doc := l.Documents.Latest()
	if doc == nil {
		return 0, nil, false
	}
	return doc.Epoch, l.Documents.Bytes(doc.Epoch), true
}

// Submit takes a descriptor if there is an authority here.
func (l Library) Submit(descriptor []byte) error {
	if l.Registry == nil {
		return directory.RefusedLater
	}
	d, err := directory.ParseDescriptor(descriptor)
	if err != nil {
		return directory.RefusedMalformed
	}
	return l.Registry.Submit(context.Background(), d)
}
