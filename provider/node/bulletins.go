package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/internal/token"
	"murmuration/provider"
	"murmuration/provider/desk"
)

// bulletins drives those of this provider: at the end of each slot it puts the body of one on the
// disk, then signs it; it spreads it to the other providers, and keeps what they made. Links carry
// frames of one size at fixed times, whatever there is.
type bulletins struct {
	*others
	transport link.Transport
	store     Store
	frame     int // size of a link's frames
	log       *slog.Logger
	trouble   *complaints
	fresh     chan struct{} // one place: "there may be something to keep"
	keys      *token.Keys
	asked     chan struct{}       // one place: "there may be tokens to issue"
	give      func([]desk.Answer) // to clients here; set before anything moves

	mu   sync.Mutex // guards core, which writes nothing to the disk
	core *provider.Bulletins

	keeping sync.Mutex // held while records go to the disk; taken before mu

	adrift, ahead bool // as it was said last; owned by the goroutine of publish
	proofs        proofs
}

func newBulletins(c *node.Chassis, store Store, log *slog.Logger,
	trouble *complaints) (*bulletins, error) {
	core, err := provider.NewBulletins(provider.BulletinsConfig{
		Genesis: c.Home.Genesis, Identity: c.Home.Identity, Store: store,
	}, time.Now())
	if err != nil {
		return nil, err
	}
	proofs, err := openProofs(c.Home, log)
	if err != nil {
		return nil, err
	}
	core.Convicted(proofs.kept)
	return &bulletins{others: newOthers(c.Home.Identity.ID()), transport: c.Transport(),
		store: store, frame: c.FrameSize(link.Bulletins), log: log, trouble: trouble,
		fresh: make(chan struct{}, 1), core: core, proofs: proofs,
		keys:  c.Home.Identity.TokenKeys(c.Home.Genesis.ID()),
		asked: make(chan struct{}, 1)}, nil
}

// setDocument says who makes bulletins from now on.
func (b *bulletins) setDocument(doc *directory.Document, missed []directory.Node) {
	b.do(func(core *provider.Bulletins) { core.SetDocument(doc) })
	b.set(doc, missed)
}

// do has the core for itself, and sees to what is to be kept.
func (b *bulletins) do(f func(*provider.Bulletins)) {
	b.mu.Lock()
	f(b.core)
	b.proofs.tell(b.core.Frauds(), b.self)
	b.mu.Unlock()
	select {
	case b.fresh <- struct{}{}:
	default:
	}
}

// Full implements provider.Announcer.
func (b *bulletins) Full(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.Full(now)
}

// Hold implements provider.Announcer.
func (b *bulletins) Hold(l box.Listing, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.core.Hold(l, until)
}

// Head implements provider.Announcer.
func (b *bulletins) Head(now time.Time) [32]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.Head(now)
}

// Answer implements provider.Announcer.
func (b *bulletins) Answer(q box.Question) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.Answer(q)
}

// Accuse implements provider.Announcer.
func (b *bulletins) Accuse(f bulletin.Fraud) (err error) {
	b.do(func(core *provider.Bulletins) { err = core.Accuse(f) })
	return err
}

func (b *bulletins) left(now time.Time, l box.Listing) uint8 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.Left(now, l)
}

// cursor is for a new connection of a client.
func (b *bulletins) cursor() *provider.Cursor {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.Cursor()
}

// fill gives bytes of the stream for a frame down, in which are tokens that came for the client.
func (b *bulletins) fill(c *provider.Cursor, wanted uint32, room int,
	tokens []bulletin.Tokens) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.Say(tokens...)
	return c.Fill(time.Now(), wanted, room)
}

func (b *bulletins) stats() provider.BulletinStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.Stats()
}

func (b *bulletins) missing() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.core.Missing()
}

// proved are the makers of whom there is proof of fraud here.
func (b *bulletins) proved() (makers []directory.NodeID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.core.Frauds() {
		makers = append(makers, f.A.Maker)
	}
	return makers
}

// run makes, spreads and keeps bulletins until ctx ends.
func (b *bulletins) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.publish(ctx) })
	group.Go(func() error { return b.keepFresh(ctx) })
	group.Go(func() error { return b.issue(ctx) })
	group.Go(func() error { return b.others.run(ctx, b.keepLink) })
	return group.Wait()
}

// publish makes a bulletin at the end of each slot. It ends with ctx.
func (b *bulletins) publish(ctx context.Context) error {
	for {
		b.mu.Lock()
		next := b.core.NextDraft(time.Now())
		b.mu.Unlock()
		if !sleepUntil(ctx, next) {
			return nil
		}
		if err := b.make(time.Now()); err != nil {
			b.trouble.tell("a slot has no bulletin, and what waits is listed in a later one: is "+
				"the disk sound?", err)
		}
	}
}

// make draws up the bulletin that is due, puts its body on the disk, and then signs it. A slot for
// which any of this fails is skipped.
func (b *bulletins) make(now time.Time) error {
	b.mu.Lock()
	draft, ok, err := b.core.Draft(now)
	b.mu.Unlock()
	if b.tellAdrift(err) || b.tellAhead(err) {
		return nil // it has been told, and no disk is at fault
	}
	if err != nil || !ok {
		return err
	}
	if err := b.flush(); err != nil { // a roll whose hash is in the body
		return err
	}
	err = b.store.Publish(draft.Day, draft.Body.Slot, draft.Body.Marshal(), draft.Listed)
	if errors.Is(err, box.ErrPublished) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keeping a bulletin: %w", err)
	}
	b.mu.Lock()
	b.core.Sign(draft)
	b.mu.Unlock()
	return nil
}

// tellAhead says once that the clock was ahead, and that what was signed then is over.
func (b *bulletins) tellAhead(err error) bool {
	ahead := errors.Is(err, provider.ErrAhead)
	switch {
	case ahead && !b.ahead:
		b.log.Error("nothing is listed, because the clock of this computer was ahead when a "+
			"bulletin was signed, or is behind now: compare it. If it is right, boxes are listed "+
			"again when that slot has come", "error", err)
	case !ahead && b.ahead && err == nil:
		b.log.Info("boxes are listed again")
	}
	b.ahead = ahead
	return ahead
}

// tellAdrift says once that the clock is off, and once that it is right again.
func (b *bulletins) tellAdrift(err error) bool {
	adrift := errors.Is(err, provider.ErrAdrift)
	switch {
	case adrift && !b.adrift && errors.Is(err, provider.ErrLate):
		b.log.Warn("nothing is listed, because the bulletins of the others come late: this "+
			"computer, theirs or the network has too much to do, or the clock here is ahead",
			"error", err)
	case adrift && !b.adrift:
		b.log.Error("nothing is listed, because the clock of this computer cannot be right: set "+
			"it, or have it set by the network", "error", err)
	case !adrift && b.adrift && err == nil:
		b.log.Info("the others are in step with the clock here again, and boxes are listed")
	}
	b.adrift = adrift
	return adrift
}

// keepFresh puts what others made on the disk, apart from those who took it in: no link waits for a
// disk. It ends with ctx.
func (b *bulletins) keepFresh(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.fresh:
		}
		if err := b.flush(); err != nil {
			b.trouble.tell("bulletins of other providers are not kept and must be fetched anew "+
				"after a restart: is there room on the disk?", err)
		}
	}
}

// flush keeps what has come. What cannot be kept stays in memory alone.
func (b *bulletins) flush() (err error) {
	b.keeping.Lock()
	defer b.keeping.Unlock()
	b.mu.Lock()
	records, frauds := b.core.Fresh(), b.core.Frauds()
	b.mu.Unlock()
	err = b.proofs.keep(frauds)
	for _, r := range records {
		if wrong := b.store.Keep(r.Day, r.Key, r.Raw); wrong != nil &&
			!errors.Is(wrong, box.ErrExpired) {
			err = errors.Join(err, fmt.Errorf("keeping a bulletin or a roll: %w", wrong))
		}
	}
	b.mu.Lock()
	b.core.Kept(len(records))
	b.mu.Unlock()
	return err
}

// sleepUntil is false when ctx ended before.
func sleepUntil(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
