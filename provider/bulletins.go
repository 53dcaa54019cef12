package provider

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/provider/desk"
)

// Kinds of records that a provider keeps (box.RecordKey).
const (
	KeptBulletin = 1 // of another maker, by slot
	KeptRoll     = 2 // of any maker, by number
)

// rollsInMemory is how many roll periods of bulletins are in memory, the current one included:
// rolls tell of what lies before.
const rollsInMemory = 2

// Why a bulletin or a roll of another provider is not taken, beside what package bulletin refuses.
var (
	errNoMaker   = errors.New("bulletin of somebody who stores no boxes on that day")
	errTooEarly  = errors.New("bulletin of a slot that has not begun")
	errForgotten = errors.New("bulletin of a slot that only rolls tell of")
	errFraud     = errors.New("bulletin of a maker that signed two for one slot")
)

// Records is the part of a box store in which bulletins are.
type Records interface {
	box.Lister
	box.Archive
}

// BulletinsConfig is what bulletins need to know. All fields are required.
type BulletinsConfig struct {
	Genesis  *directory.Genesis
	Identity *directory.Identity
	Store    Records
}

// Bulletins is what one provider makes and knows of bulletins: its own, which it draws up and signs
// when their bodies are on the disk, those of all other makers, and the rolls. It serves them to
// clients (Cursor), to other providers (Spread) and to whoever asks (Answer), and attests them in
// heads. It is not safe for concurrent use.
//
// What others say is verified before it is here, and a maker that signed two bodies for one slot
// is not listened to any more.
type Bulletins struct {
	network  directory.NetworkID
	self     *directory.Identity
	calendar bulletin.Calendar
	store    Records
	desk     *desk.Desk          // for tokens, whose questions go over the same links
	doc      *directory.Document // in force, or the last that was
	calm     box.Slot            // nothing is listed in earlier ones: others are heard first
	drafted  box.Slot            // the last for which a draft was asked

	makers   map[directory.NodeID]*chain
	order    []directory.NodeID // in which makers were met: maps have none
	log      []*known           // those in memory, in the order in which they came
	trim     uint64             // how many went out of the log
	fresh    []Record           // that are not kept yet
	held     map[box.Listing]time.Time
	frauds   []bulletin.Fraud // one for each maker
	tries    map[question]int
	wanted   []question // made at wantedAt
	wantedAt lookedUp
	stats    BulletinStats
	head     [bulletin.HeadSize]byte // of headOf, made when the log had headAt
	headOf   box.Slot
	headAt   uint64
}

// Record is something signed that is to be kept.
type Record struct {
	Day box.Day
	Key box.RecordKey
	Raw []byte
}

// BulletinStats counts what happened to bulletins.
type BulletinStats struct {
	Made, Taken, Refused uint64
	Skipped              uint64 // own slots without a bulletin: the clock was off
}

// NewBulletins takes up what the store has, by the time of its opening. Nobody is a maker before
// SetDocument.
func NewBulletins(cfg BulletinsConfig, now time.Time) (*Bulletins, error) {
	b := &Bulletins{
		network: cfg.Genesis.ID(), self: cfg.Identity, store: cfg.Store,
		calendar: bulletin.Calendar{Start: cfg.Genesis.Start,
			Every: cfg.Genesis.Parameters.BulletinEvery},
		makers: map[directory.NodeID]*chain{}, held: map[box.Listing]time.Time{},
		tries: map[question]int{},
	}
	b.desk = desk.New(desk.Config{Self: b.self.ID(), Start: cfg.Genesis.Start,
		Every: cfg.Genesis.Parameters.BulletinEvery})
	if current := b.calendar.Slot(now); current > 0 {
		b.calm, b.drafted = current+calmSlots, current-1
	}
	if err := b.load(now); err != nil {
		return nil, fmt.Errorf("reading the bulletins in the box store: %w", err)
	}
	return b, nil
}

// load reads what was kept. Files of this provider's own are believed.
func (b *Bulletins) load(now time.Time) error {
	floor := b.floor(now)
	err := b.store.EachKept(KeptBulletin, uint32(floor), func(_ box.RecordKey, raw []byte) error {
		if x, err := bulletin.Parse(raw); err == nil && x.Network == b.network {
			b.insert(x)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = b.store.EachKept(KeptRoll, 0, func(k box.RecordKey, _ []byte) error {
		b.chain(directory.NodeID(k.Maker)).rolls[k.Number] = true
		return nil
	})
	if err != nil {
		return err
	}
	newest, _, ok, err := b.store.Published()
	if err != nil || !ok {
		return err
	}
	for slot := floor; slot <= newest; slot++ {
		if err := b.resume(slot); err != nil {
			return err
		}
	}
	return nil
}

// resume signs the own body of a slot that is on the disk, if it is not here yet.
func (b *Bulletins) resume(slot box.Slot) error {
	if b.chain(b.self.ID()).find(slot) != nil {
		return nil
	}
	raw, ok, err := b.store.Body(slot)
	if err != nil || !ok {
		return err
	}
	body, err := bulletin.ParseBody(raw)
	if err != nil {
		return fmt.Errorf("the own bulletin of slot %d: %w", slot, err)
	}
	b.insert(body.Sign(b.self.PrivateKey()))
	return nil
}

// SetDocument switches to the makers and parameters of a new epoch.
func (b *Bulletins) SetDocument(doc *directory.Document) {
	b.doc = doc
	b.desk.SetDocument(doc)
	for _, set := range doc.Storing[max(len(doc.Storing)-2, 0):] {
		for _, maker := range set.Nodes {
			b.chain(maker)
		}
	}
}

// floor is the first slot of which bulletins are in memory.
func (b *Bulletins) floor(now time.Time) box.Slot {
	roll := bulletin.RollNumber(b.calendar.Slot(now))
	return bulletin.FirstSlot(roll - min(roll, rollsInMemory-1))
}

func (b *Bulletins) chain(maker directory.NodeID) *chain {
	c := b.makers[maker]
	if c == nil {
		c = &chain{rolls: map[uint32]bool{}}
		b.makers[maker] = c
		b.order = append(b.order, maker)
	}
	return c
}

// makersOf are the makers of a slot, by index.
func (b *Bulletins) makersOf(s box.Slot) bulletin.Makers {
	if b.doc == nil {
		return nil
	}
	return b.calendar.Makers(b.doc, s)
}

// most is how many entries a maker of the slot may list.
func (b *Bulletins) most(makers bulletin.Makers) int {
	return bulletin.MaxEntries(b.doc.Parameters, len(makers))
}

// Take takes in what another provider handed over, whoever made it. It says why if it is refused;
// what is here already is no error.
func (b *Bulletins) Take(now time.Time, x bulletin.Bulletin) error {
	err := b.take(now, x)
	if err != nil {
		b.stats.Refused++
	}
	return err
}

func (b *Bulletins) take(now time.Time, x bulletin.Bulletin) error {
	makers := b.makersOf(x.Slot)
	if _, ok := makers.Index(x.Maker); !ok {
		return errNoMaker
	}
	c := b.chain(x.Maker)
	here := c.find(x.Slot)
	switch {
	case c.false:
		return errFraud
	case here != nil && here.hash == x.Hash():
		return nil
	}
	if err := x.Verify(b.network, b.most(makers)); err != nil {
		return err
	}
	b.heard(now, c, x)
	switch {
	case here != nil:
		b.accuse(c, here.Bulletin, x)
		return errFraud
	case x.Slot > b.calendar.Slot(now):
		return errTooEarly
	case x.Slot < b.floor(now):
		return errForgotten
	}
	b.insert(x)
	b.stats.Taken++
	b.keep(b.calendar.Day(x.Slot), KeptBulletin, uint32(x.Slot), x.Maker, x.Marshal())
	return nil
}

// Desk is where this provider asks for tokens and gives them.
func (b *Bulletins) Desk() *desk.Desk { return b.desk }

// Stats returns the counts so far.
func (b *Bulletins) Stats() BulletinStats { return b.stats }

// Missing is how many holes there are in other makers' bulletins.
func (b *Bulletins) Missing() (n int) {
	for _, c := range b.makers {
		n += len(c.gaps)
	}
	return n
}

func (b *Bulletins) keep(day box.Day, kind uint8, number uint32, maker directory.NodeID,
	raw []byte) {
	b.fresh = append(b.fresh, Record{day,
		box.RecordKey{Kind: kind, Number: number, Maker: box.Holder(maker)}, raw})
}

// Fresh is what has come and is to be kept, the first first; it is here until Kept.
func (b *Bulletins) Fresh() []Record { return b.fresh }

// Kept says that the first n of Fresh are on the disk, or never will be.
func (b *Bulletins) Kept(n int) { b.fresh = append([]Record(nil), b.fresh[n:]...) }

// insert puts a bulletin among those in memory.
func (b *Bulletins) insert(x bulletin.Bulletin) {
	k := &known{x, x.Hash()}
	if b.chain(x.Maker).insert(k) {
		b.log = append(b.log, k)
	}
}

// forget lets go what only rolls tell of from now on.
func (b *Bulletins) forget(now time.Time) {
	b.desk.Sweep(now)
	floor := b.floor(now)
	old := func(k *known) bool { return k.Slot < floor }
	for _, c := range b.makers {
		c.known = slices.DeleteFunc(c.known, old)
		c.gaps = c.findGaps()
	}
	n := 0
	for n < len(b.log) && old(b.log[n]) {
		n++
	}
	b.log, b.trim = b.log[n:], b.trim+uint64(n)
	for q := range b.tries {
		if q.kind == askBulletins && box.Slot(q.last) < floor {
			delete(b.tries, q)
		}
	}
}
