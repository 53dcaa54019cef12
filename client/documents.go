package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"murmuration/client/store"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
)

// Implementation constants.
const (
	fetchTimeout = time.Minute // for one whole document
	retryFirst   = time.Second // doubled, with jitter, up to an eighth of an epoch
	keptDocs     = 2           // the current one, and the next
)

func documentName(e directory.Epoch) string { return fmt.Sprintf("%020d", e) }

// loadDocuments takes up the chain where it stopped: the older of the kept documents first.
func (c *Client) loadDocuments(tx *store.Tx) error {
	c.chain, _ = directory.NewChain(c.genesis, nil) // never fails without a document
	return store.Each(tx, "documents", func(_ string, raw []byte) error {
		doc, err := directory.ParseDocument(raw)
		if err != nil {
			return err
		}
		c.newest.Store(doc)
		return c.chain.Accept(doc)
	})
}

// keepDocuments has a valid document always at hand: at the start the latest, then the next epoch's
// at a random time of the epoch before, from any provider that the genesis names.
func (c *Client) keepDocuments(ctx context.Context) error {
	if err := c.recall(); err != nil {
		return err
	}
	retry := newBackoff(retryFirst, c.schedule.Length/8)
	for {
		pause, err := c.renew(ctx, time.Now())
		switch {
		case errors.Is(err, ErrClock), errors.Is(err, ErrGuard):
			return err
		case err != nil && ctx.Err() == nil:
			c.noteMissing(err)
			pause = retry.next()
		default:
			c.setDocumentFault(nil)
			retry.reset()
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// noteMissing tells the person about a document that cannot be had. That the next one is not out yet is
// no news while the present epoch's is here: providers get it at times of their own.
func (c *Client) noteMissing(err error) {
	latest := c.latest()
	if e, clock := c.schedule.Epoch(time.Now()); clock == nil && latest != nil && latest.Epoch >= e {
		c.log.Debug("the next network document is not to be had yet", "error", err)
		return
	}
	c.setDocumentFault(err)
	c.log.Warn("fetching the network document", "error", err)
}

// recall uses the documents of the last run, if one of them still serves.
func (c *Client) recall() error {
	now := time.Now()
	e, err := c.schedule.Epoch(now)
	if err != nil {
		return ErrClock.With("%w", err)
	}
	var kept []*directory.Document
	err = c.store.View(func(tx *store.Tx) error {
		return store.Each(tx, "documents", func(_ string, raw []byte) error {
			doc, err := directory.ParseDocument(raw)
			kept = append(kept, doc)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, doc := range kept {
		if doc.ValidAt(e) || doc.Epoch == e+1 {
			if err := c.use(doc, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// renew fetches what is missing at now, and says how long to wait for the next time.
func (c *Client) renew(ctx context.Context, now time.Time) (time.Duration, error) {
	e, err := c.schedule.Epoch(now)
	if err != nil {
		return 0, ErrClock.With("%w", err)
	}
	latest := c.latest()
	switch {
	case latest != nil && latest.Epoch >= e && !c.serves(now):
		err = c.begun(latest, e, now)
	case latest == nil || latest.Epoch < e:
		err = c.fetchFirst(ctx, e, now)
	case latest.Epoch == e && now.After(c.schedule.EndOf(e, directory.PhaseSign)):
		err = c.fetchDocument(ctx, e+1, now)
	}
	if err != nil {
		return 0, err
	}
	return c.nextRenewal(now).Sub(now), nil
}

// fetchFirst gets the document of the epoch that is now: the latest may be the next one's already, with
// which nobody can speak yet. The latest tells what is wrong where there is none for now.
func (c *Client) fetchFirst(ctx context.Context, e directory.Epoch, now time.Time) error {
	err := c.fetchDocument(ctx, e, now)
	if errors.Is(err, directory.ErrNoDocument) {
		err = c.fetchDocument(ctx, directory.Latest, now)
	}
	if err == nil && !c.serves(now) {
		err = ErrNoDocument.With("the next one begins at %s", stamp(c.schedule.StartOf(c.latest().Epoch)))
	}
	return err
}

// begun uses a document that came before its epoch, and before any that serves, once that has begun.
func (c *Client) begun(doc *directory.Document, e directory.Epoch, now time.Time) error {
	if !doc.ValidAt(e) {
		return ErrNoDocument.With("the next one begins at %s", stamp(c.schedule.StartOf(doc.Epoch)))
	}
	return c.use(doc, now)
}

func (c *Client) serves(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sender != nil && c.sender.Serves(now)
}

// nextRenewal is a random time in the phase in which the next document is published.
func (c *Client) nextRenewal(now time.Time) time.Time {
	e, err := c.schedule.Epoch(now)
	if err != nil {
		return c.schedule.Start
	}
	if held := c.latest(); held != nil && held.Epoch > e {
		e = held.Epoch
	}
	from, to := c.schedule.EndOf(e, directory.PhaseSign), c.schedule.StartOf(e+1)
	if from.Before(now) {
		from = now
	}
	span := to.Sub(from)
	return from.Add(span/8 + time.Duration(mathrand.Int64N(int64(max(span*3/4, 1)))))
}

func (c *Client) latest() *directory.Document { return c.newest.Load() }

// fetchDocument asks one provider of the genesis, drawn at random, under a key that it never saw.
func (c *Client) fetchDocument(ctx context.Context, e directory.Epoch, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	entry := c.genesis.Entries[mathrand.IntN(len(c.genesis.Entries))]
	var throwaway link.Seed
	rand.Read(throwaway[:]) // never fails
	transport, err := c.transport(throwaway)
	if err != nil {
		return err
	}
	conn, err := transport.Dial(ctx, link.Peer{Addr: entry.Addr, Key: link.PublicKey(entry.ID)}, link.Directory)
	if err != nil {
		return ErrOffline.With("%w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	raw, err := directory.Fetch(conn, e)
	if err != nil {
		return ErrOffline.With("%w", err)
	}
	return c.accept(raw, now)
}

// accept verifies a document and uses it. One that is not for our time is either old, because the
// network stood still, or of the future, which can only be our clock.
func (c *Client) accept(raw []byte, now time.Time) error {
	doc, err := directory.ParseDocument(raw)
	if err != nil {
		return err
	}
	if err := c.chain.Accept(doc); err != nil {
		return err
	}
	c.newest.Store(doc)
	e, err := c.schedule.Epoch(now)
	if err != nil {
		return ErrClock.With("%w", err)
	}
	if doc.Epoch > e+1 {
		return ErrClock.With("this computer's clock says %s; the network's document begins at %s",
			stamp(now), stamp(c.schedule.StartOf(doc.Epoch)))
	}
	if err := unlessFull(c.keep(doc, raw)); err != nil {
		return err
	}
	if !doc.ValidAt(e) && doc.Epoch != e+1 {
		return ErrNoDocument.With("the latest one ended at %s, and this computer's clock says %s",
			stamp(c.schedule.StartOf(doc.Epoch+protocol.Validity)), stamp(now))
	}
	return c.use(doc, now)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// keep writes the document, and forgets older ones.
func (c *Client) keep(doc *directory.Document, raw []byte) error {
	return c.store.Update(func(tx *store.Tx) error {
		var names []string
		err := store.Each(tx, "documents", func(name string, _ []byte) error {
			names = append(names, name)
			return nil
		})
		if err != nil {
			return err
		}
		for len(names) >= keptDocs && names[0] < documentName(doc.Epoch) {
			if err := tx.Delete("documents", names[0]); err != nil {
				return err
			}
			names = names[1:]
		}
		return tx.Put("documents", documentName(doc.Epoch), raw)
	})
}

// use gives the document to the sender, or makes the sender with it.
func (c *Client) use(doc *directory.Document, now time.Time) error {
	c.mu.Lock()
	sender := c.sender
	if sender != nil {
		defer c.mu.Unlock()
		return sender.SetDocument(doc)
	}
	c.mu.Unlock()
	if e, err := c.schedule.Epoch(now); err != nil || !doc.ValidAt(e) {
		return err // the next epoch's, and there is none for this one
	}
	return c.begin(doc, now)
}

// transport is how this client links under a key.
func (c *Client) transport(identity link.Seed) (link.Transport, error) {
	t, err := c.cfg.Transport(link.Config{
		Network: c.genesis.ID(), Identity: identity, FrameSize: c.frameSize, Log: c.cfg.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing a link: %w", err)
	}
	return t, nil
}

func (c *Client) frameSize(k link.Kind) int {
	switch k {
	case link.Exchange:
		return c.params.PacketSize() + protocol.ExchangeOverhead
	case link.Directory:
		return directory.FrameSize
	}
	return 0
}
