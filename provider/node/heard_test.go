package node_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/protocol"
	"murmuration/provider"
)

// hearing is what the provider that the test plays has heard of the bulletins of the one that is
// killed, over all its lives.
type hearing struct {
	core  *provider.Bulletins
	maker directory.NodeID
	heard []box.Slot
}

// hear asks the child for all of its bulletins until ctx ends.
func (h *besieged) hear(ctx context.Context, doc *directory.Document) (err error) {
	if h.heard == nil {
		core, err := provider.NewBulletins(provider.BulletinsConfig{Genesis: h.net.Genesis,
			Identity: h.played.home.Identity, Store: box.NewMemStore(0)}, time.Now())
		if err != nil {
			return err
		}
		h.heard = &hearing{core: core}
		core.SetDocument(doc)
		h.heard.maker = listed(h, doc, "provider-1").ID
	}
	conn := h.dial(ctx, link.Bulletins)
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	spread := h.heard.core.Spread(h.heard.maker, true)
	frame := make([]byte, protocol.BulletinFrame)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(h.heard.core.NextFrame(time.Now()))):
		}
		spread.Frame(time.Now(), frame)
		if errors.Join(conn.Send(frame), conn.Receive(frame)) != nil {
			return nil // killed
		}
		if refused, err := spread.Take(time.Now(), frame); refused != nil || err != nil {
			return errors.Join(refused, err)
		}
		h.heard.note()
	}
}

// note keeps the slots of what was heard.
func (x *hearing) note() {
	for _, r := range x.core.Fresh() {
		if r.Key.Kind == provider.KeptBulletin && directory.NodeID(r.Key.Maker) == x.maker {
			x.heard = append(x.heard, box.Slot(r.Key.Number))
		}
	}
	x.core.Kept(len(x.core.Fresh()))
}

// checkHeard says that no signature left before its body was on the disk, and none for another
// body, in all lives of the child.
func (h *besieged) checkHeard(store interface {
	Body(box.Slot) ([]byte, bool, error)
}) {
	h.Helper()
	if h.heard == nil || len(h.heard.heard) == 0 || len(h.heard.core.Frauds()) > 0 {
		h.Fatalf("no bulletin was heard, or two for one slot: %+v", h.heard)
	}
	slices.Sort(h.heard.heard)
	for _, slot := range h.heard.heard {
		raw, ok, err := store.Body(slot)
		if err != nil || !ok {
			h.Errorf("the bulletin of slot %d was signed and is not on the disk, %v", slot, err)
			continue
		}
		body, err := bulletin.ParseBody(raw)
		index, _ := (bulletin.Calendar{Start: h.net.Genesis.Start,
			Every: h.net.Genesis.Parameters.BulletinEvery}).Makers(h.document, slot).
			Index(h.heard.maker)
		signed, ok := h.heard.core.Answer(box.Question{Kind: bulletin.AskBulletin, Maker: index,
			Number: uint32(slot)})
		x, wrong := bulletin.Parse(signed)
		if err != nil || !ok || wrong != nil || x.Body.Hash() != body.Hash() {
			h.Errorf("slot %d: another body was signed than is on the disk, %v, %v", slot, err,
				wrong)
		}
	}
}
