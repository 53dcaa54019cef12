package node

import (
	"context"

	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/documents"
	"murmuration/internal/link"
)

// library is what this provider gives to whoever asks for documents, and where descriptors go.
type library struct {
	documents *documents.Set
	authority *authority // nil when this provider is none
}

// Admits lets strangers in: the network is no secret.
func (library) Admits(link.PublicKey) bool { return true }

// Knows implements node.Knower: whoever is admitted hands in descriptors before any document names
// them.
func (l library) Knows(peer link.PublicKey) bool {
	if l.authority == nil {
		return false
	}
	id := directory.NodeID(peer)
	list := l.authority.roster.now()
	return list.Admits(id, directory.RoleMix) || list.Admits(id, directory.RoleProvider)
}

// Serve answers a stranger's questions about the network.
func (l library) Serve(_ context.Context, conn link.Conn) error { return query.Serve(conn, l) }

// Document is the document of one epoch, if it is here.
func (l library) Document(e directory.Epoch) ([]byte, bool) {
	raw := l.documents.Bytes(e)
	return raw, raw != nil
}

// Latest is the newest document that is here.
func (l library) Latest() (directory.Epoch, []byte, bool) {
	doc := l.documents.Latest()
	if doc == nil {
		return 0, nil, false
	}
	return doc.Epoch, l.documents.Bytes(doc.Epoch), true
}

// Submit takes a descriptor if this provider is an authority.
func (l library) Submit(descriptor []byte) error {
	if l.authority == nil {
		return directory.RefusedLater
	}
	d, err := directory.ParseDescriptor(descriptor)
	if err != nil {
		return directory.RefusedMalformed
	}
	return l.authority.Submit(context.Background(), d)
}
