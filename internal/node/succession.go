package node

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/documents"
	"murmuration/internal/link"
)

// ErrSucceeded ends a node whose home has taken a succession of the network's authorities: opened
// again, it goes by it.
var ErrSucceeded = errors.New("the network's authorities have changed")

// mostSources bounds who is asked for a succession in one epoch.
const mostSources = 8

// Successions looks for changes of the authorities by whose genesis a home goes.
type Successions struct {
	Home      *Home
	Transport link.Transport
	Documents *documents.Set // know where authorities are that moved
	Log       *slog.Logger
}

// Watch asks others once an epoch, at a random time of it, for their genesis. One that goes on from
// the genesis here, by the signatures of enough of the authorities, is put into the home, and Watch
// ends with ErrSucceeded. Else it ends with ctx.
func (s Successions) Watch(ctx context.Context) error {
	schedule := s.Home.Genesis.Schedule()
	for {
		e, err := schedule.Epoch(time.Now())
		if err != nil {
			return nil // the documents say what is wrong
		}
		if !sleepUntil(ctx, schedule.StartOf(e).Add(rand.N(schedule.Length))) {
			return nil
		}
		if next := s.ask(ctx); next != nil {
			err := Succeed(s.Home.Dir, next)
			if err == nil {
				s.Log.Info("the network's authorities have changed by the signatures of the old "+
					"ones: the home has the new genesis, and the node begins again with it",
					"authorities", len(next.Authorities))
				return ErrSucceeded
			}
			s.Log.Error("the network's authorities have changed, and the home does not take the "+
				"new genesis: look at the disk", "error", err)
		}
		if !sleepUntil(ctx, schedule.StartOf(e+1)) {
			return nil
		}
	}
}

// ask asks some of those who serve documents, in random order; nil if nobody has a longer genesis.
func (s Successions) ask(ctx context.Context) *directory.Genesis {
	sources := s.Home.Genesis.Sources(s.Home.Identity.ID())
	rand.Shuffle(len(sources), func(i, j int) { sources[i], sources[j] = sources[j], sources[i] })
	for _, one := range sources[:min(len(sources), mostSources)] {
		if doc := s.Documents.Latest(); doc != nil {
			one.Addr = doc.AddressOf(one)
		}
		raw, err := s.fetch(ctx, one)
		if err != nil {
			continue // another one may know
		}
		if next := Successor(s.Home.Genesis, raw); next != nil {
			return next
		}
	}
	return nil
}

func (s Successions) fetch(ctx context.Context, from directory.Authority) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	conn, err := s.Transport.Dial(ctx, link.Peer{Addr: from.Addr, Key: link.PublicKey(from.ID)},
		link.Directory)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	return query.FetchGenesis(conn)
}

// Successor is what a stranger gave if it goes on from a genesis, and is not the same one; else
// nil.
func Successor(old *directory.Genesis, raw []byte) *directory.Genesis {
	if bytes.Equal(raw, old.Marshal()) {
		return nil
	}
	next, err := directory.ParseGenesis(raw)
	if err != nil || next.Follows(old) != nil {
		return nil
	}
	return next
}
