package purse

import (
	"errors"
	"fmt"
	"io"
	"time"

	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

const bucket = "purse"

// block is how many tokens are noted as given before they are: so many of a holder and day are lost
// with a crash.
const block = 8

// record is a wallet on the disk. Secret is that of the home, and in the record without a name.
type record struct {
	Secret   [32]byte           `cbor:"1,keyasint,omitzero"`
	Day      box.Day            `cbor:"2,keyasint,omitzero"`
	Holder   directory.NodeID   `cbor:"3,keyasint,omitzero"`
	Key      directory.TokenKey `cbor:"4,keyasint,omitzero"`
	Size     int                `cbor:"5,keyasint,omitzero"`
	Reserved int                `cbor:"6,keyasint,omitzero"`
	Tokens   []box.Token        `cbor:"7,keyasint,omitempty"`
}

func (w *wallet) name() string { return fmt.Sprintf("%05d/%s", w.day, w.holder) }

func (w *wallet) record(reserved int) record {
	return record{
		Day: w.day, Holder: w.holder, Key: w.key, Size: w.size, Reserved: reserved,
		Tokens: w.tokens,
	}
}

// Load takes up what the home has. Of what was noted as given nothing is given again: nobody knows
// for which box it was. A home that is new gets its secret.
func (p *Purse) Load(tx *store.Tx) error {
	err := store.Each(tx, bucket, func(name string, r record) error {
		if name == "" {
			p.secret = r.Secret
			return nil
		}
		w := p.wallet(place{r.Day, r.Holder}, r.Key, r.Size)
		w.tokens, w.reserved = r.Tokens, min(r.Reserved, len(r.Tokens))
		w.next = w.reserved
		p.wallets[w.place] = w
		return nil
	})
	if err != nil || p.secret != [32]byte{} {
		return err
	}
	return p.draw() // kept with the first wallet
}

// Renew draws another secret within tx, when a copy of this home is at work: from the day after
// tomorrow on they do not ask for the same tokens any more. What was asked for before stays.
func (p *Purse) Renew(tx *store.Tx) error {
	if err := p.draw(); err != nil {
		return err
	}
	return tx.Put(bucket, "", record{Secret: p.secret})
}

// draw draws the secret of a home: with that of another one it would spend what that one spends.
func (p *Purse) draw() error {
	if _, err := io.ReadFull(p.cfg.Random, p.secret[:]); err != nil {
		return fmt.Errorf("drawing the secret of a purse: %w", err)
	}
	return nil
}

// keep writes wallets down, all or none, with the secret that they are derived from.
func (p *Purse) keep(all ...*wallet) error {
	err := p.cfg.Store.Update(func(tx *store.Tx) error {
		errs := []error{tx.Put(bucket, "", record{Secret: p.secret})}
		for _, w := range all {
			errs = append(errs, tx.Put(bucket, w.name(), w.record(w.reserved)))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return fmt.Errorf("keeping write tokens: %w", err)
	}
	return nil
}

// reserve notes as given what may be given next, where less than half of a block is left.
func (p *Purse) reserve() error {
	marks := map[*wallet]int{}
	p.cfg.Exclusive(func() {
		for _, w := range p.wallets {
			if w.reserved < len(w.tokens) && w.reserved-w.next < block/2 {
				marks[w] = min(len(w.tokens), w.next+block)
			}
		}
	})
	return p.mark(marks)
}

// mark writes down how far tokens count as given, and goes by it from then on.
func (p *Purse) mark(marks map[*wallet]int) error {
	if len(marks) == 0 {
		return nil
	}
	err := p.cfg.Store.Update(func(tx *store.Tx) error {
		var errs []error
		for w, reserved := range marks {
			errs = append(errs, tx.Put(bucket, w.name(), w.record(reserved)))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return fmt.Errorf("noting which write tokens are given: %w", err)
	}
	p.cfg.Exclusive(func() {
		for w, reserved := range marks {
			w.reserved = reserved
		}
	})
	return nil
}

// Rest gives back what was noted as given and was not, when no slot will ask any more.
func (p *Purse) Rest() error {
	marks := map[*wallet]int{}
	p.cfg.Exclusive(func() {
		for _, w := range p.wallets {
			if w.next < w.reserved {
				marks[w] = w.next
			}
		}
	})
	return p.mark(marks)
}

// forget drops the days that no holder takes writes of any more.
func (p *Purse) forget(now time.Time) error {
	var old []*wallet
	p.cfg.Exclusive(func() {
		for at, w := range p.wallets {
			if at.day < p.today(now) && !p.cfg.Calendar.Writable(now, at.day) {
				old = append(old, w)
			}
		}
	})
	if len(old) == 0 {
		return nil
	}
	err := p.cfg.Store.Update(func(tx *store.Tx) error {
		var errs []error
		for _, w := range old {
			errs = append(errs, tx.Delete(bucket, w.name()))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return fmt.Errorf("forgetting old write tokens: %w", err)
	}
	p.cfg.Exclusive(func() {
		for _, w := range old {
			delete(p.wallets, w.place)
		}
	})
	return nil
}
