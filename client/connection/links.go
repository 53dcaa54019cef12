package connection

import (
	"crypto/rand"
	"fmt"
	"time"

	"murmuration/internal/directory/query"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/internal/sphinx"
)

// links are how this client links to others: under which key, and with frames of which size. They
// never change.
type links struct {
	cfg    Config
	params *sphinx.Params
	clocks *link.Clocks // of whom it linked to
}

func newLinks(cfg Config) (links, error) {
	params, err := cfg.Genesis.Parameters.PacketParams()
	return links{cfg, params, new(link.Clocks)}, err
}

// behind says that this computer's clock is behind that of who was dialled, by so much that it
// is in an epoch that is over.
func (l links) behind(now time.Time) bool {
	ahead, _ := l.clocks.Ahead(now)
	return ahead > l.cfg.Genesis.Parameters.EpochLength/2
}

// guest links to a provider of this name as its client.
func (l links) guest(name string, identity link.Seed) (link.Transport, error) {
	if l.cfg.Inviter == name {
		return l.under(identity, l.cfg.Invitation)
	}
	return l.under(identity, link.Invitation{})
}

// under is how this client links under a key, with an invitation if there is one.
func (l links) under(identity link.Seed, shown link.Invitation) (link.Transport, error) {
	t, err := l.cfg.Transport(link.Config{
		Network: l.cfg.Genesis.ID(), Identity: identity, FrameSize: l.frameSize,
		Invitation: shown, Clocks: l.clocks, Log: l.cfg.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing a link: %w", err)
	}
	return t, nil
}

// stranger links under a key that nobody ever saw: who serves a document must not learn whose
// client asks.
func (l links) stranger() (link.Transport, error) {
	var throwaway link.Seed
	rand.Read(throwaway[:]) // never fails
	return l.under(throwaway, link.Invitation{})
}

func (l links) frameSize(k link.Kind) int {
	switch k {
	case link.Exchange:
		return l.params.PacketSize() + protocol.ExchangeOverhead
	case link.Directory:
		return query.FrameSize
	}
	return 0
}
