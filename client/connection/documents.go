package connection

import (
	"context"
	"errors"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/directory"
	"murmuration/internal/directory/follow"
	"murmuration/internal/documents"
	"murmuration/internal/protocol"
)

// follow has a valid network document always at hand.
func (c *Connection) follow(ctx context.Context) error {
	err := c.documents.Run(ctx, user{c, ctx})
	var clock *documents.ClockError
	if errors.As(err, &clock) {
		return ErrClock.With("%w", err)
	}
	return err
}

// user is the connection as it goes by the documents, while Run lives.
type user struct {
	*Connection
	ctx context.Context // that of Run
}

// Use makes the sender with the first document. Later it has the document already, but for a late
// one.
func (u user) Use(now time.Time, doc *directory.Document) error {
	if u.slots.begun() {
		u.slots.read(doc)
		return u.noteUnusable(doc, u.give(doc))
	}
	made, err := u.first(doc, now)
	if err != nil {
		return u.noteUnusable(doc, err)
	}
	return u.begin(u.ctx, made, now)
}

// Prepare gives the sender the document of an epoch to come: packets that leave then are built
// before.
func (u user) Prepare(doc *directory.Document) error {
	u.state.Lock()
	u.coming = doc // for a sender that is made before its epoch begins
	u.state.Unlock()
	if u.slots.begun() {
		return u.noteUnusable(doc, u.give(doc))
	}
	return nil
}

// noteUnusable lets a client go on with the document before, as long as that serves, when the
// sender cannot use a new one. Other errors stay.
func (c *Connection) noteUnusable(doc *directory.Document, err error) error {
	c.state.Lock()
	defer c.state.Unlock()
	c.unusable = nil
	if !errors.Is(err, sender.ErrDocument) {
		return err
	}
	c.unusable = errUnusable.With("epoch %d: %w", doc.Epoch, err)
	c.cfg.Log.Error("a network document cannot be used, and the one before serves on for a while: "+
		"get a newer version of this program", "epoch", doc.Epoch, "error", err)
	return nil
}

// before are the documents at hand that serve at the epoch of doc, too.
func (c *Connection) before(doc *directory.Document) (all []*directory.Document) {
	for back := directory.Epoch(1); back < protocol.Validity && back <= doc.Epoch; back++ {
		if old := c.documents.Document(doc.Epoch - back); old != nil {
			all = append(all, old)
		}
	}
	return all
}

// Expire does nothing: a sender whose documents have expired falls silent by itself.
func (u user) Expire(time.Time) {}

// faultOf is what the status says about a trouble with the documents.
func faultOf(t follow.Trouble, now time.Time) error {
	switch t.Kind {
	case follow.BeforeStart:
		return ErrClock.With("the network begins at %s, and this computer's clock says %s",
			stamp(t.At), stamp(now))
	case follow.ClockBehind:
		return ErrClock.With("this computer's clock says %s; the network's document begins at %s",
			stamp(now), stamp(t.At))
	case follow.StoodStill:
		return errStoodStill.With("the latest one ended at %s, and this computer's clock says %s",
			stamp(t.At), stamp(now))
	case follow.NotBegun:
		return errNoDocument.With("the next one begins at %s", stamp(t.At))
	case follow.Missing, follow.Late:
		missing := errNoDocument
		if t.Kind == follow.Late {
			missing = errLate
		}
		if errors.Is(t.Err, documents.ErrUnreached) {
			return errOffline.With("%w", t.Err)
		}
		return missing.With("%w", t.Err)
	}
	return nil
}

// faultsOf is what the status says about the evidence that was found and not judged yet.
func faultsOf(findings []documents.Finding) (faults []error) {
	for _, f := range findings {
		faults = append(faults, errSplit.With("at %s: %s", stamp(f.Seen), f))
	}
	return faults
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
