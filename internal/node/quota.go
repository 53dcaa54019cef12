package node

import (
	"context"
	"log/slog"
)

// What a node does with the files that it may have open.
const (
	ownFiles       = 64  // journals, documents, metrics, and room
	fewestFiles    = 512 // with fewer a node says that it cannot hold out
	handshakeShare = 8   // of the files for links, the divisor of the half-open ones
	nodeShare      = 4   // and of the links of other nodes
	mostHandshakes = 1024
	defaultConns   = 4096
)

// quota is how many links a node takes.
type quota struct{ conns, handshakes int }

// quota is what the role asks for, within the files that this process may have open.
func (c *Chassis) quota() quota { return quotaFor(c.cfg.Conns, c.cfg.Files, c.cfg.Log) }

// Quota is how many links, of those half-open ones, somebody takes who has no other use for files
// than every node: an authority.
func Quota(log *slog.Logger) (conns, handshakes int) {
	q := quotaFor(0, 0, log)
	return q.conns, q.handshakes
}

func quotaFor(conns, files int, log *slog.Logger) quota {
	want := quota{conns, mostHandshakes}
	if want.conns == 0 {
		want.conns = defaultConns
	}
	limit := openFiles()
	q := want.within(limit, ownFiles+files)
	if q != want {
		level := slog.LevelInfo
		if limit < fewestFiles {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, "this process may have few files open, and takes "+
			"fewer links for it: "+
			"raise the limit (LimitNOFILE, ulimit -n)", "limit", limit, "links", q.conns,
			"would be", want.conns)
	}
	return q
}

// within is q with no more links than files are left.
func (q quota) within(limit uint64, files int) quota {
	if limit == 0 {
		return q // nobody knows of a limit
	}
	left := int(min(limit, 1<<30)) - files
	left = max(left, int(min(limit, 1<<30))/4, 4)
	q.handshakes = min(q.handshakes, max(1, left/handshakeShare))
	q.conns = min(q.conns, max(4, left-left/handshakeShare-left/nodeShare))
	return q
}
