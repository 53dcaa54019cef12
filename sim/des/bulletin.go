package des

import (
	"time"
	"unsafe"

	"murmuration/internal/protocol"
)

// board is what all providers have listed: at the end of each bulletin slot, those boxes whose hold
// is over. A box counts as listed when a second provider lists it, too. All providers and clients
// read the same bulletins, so that the engine keeps them once, and for each client how far it is.
type board struct {
	e        *engine
	every    int64
	pairs    []int32 // boxes that two providers have listed, in that order
	slots    []ended // by number
	listings int     // in the present slot
	rolls    []float64
	roll     int // pairs up to the end of the last whole roll
}

// ended is a bulletin slot that has ended.
type ended struct {
	until int32 // pairs up to its end
	bytes int32 // of its bulletins on the wire
}

func (b *board) init(e *engine) {
	b.e, b.every = e, int64(e.cfg.Bulletins.Every)
	if b.every > 0 {
		e.wheel.Push(event{At: b.every + b.spread(), Kind: published})
	}
}

// spread is the time in which the bulletins of a slot reach all providers: they go with the first
// frame after its end.
func (b *board) spread() int64 {
	frame := protocol.BulletinFrameEvery(b.e.cfg.Bulletins.Every)
	return min(int64(frame/2+b.e.cfg.Link)+1, b.every-1)
}

// ends is the end of a slot.
func (b *board) ends(slot int32) int64 { return (int64(slot) + 1) * b.every }

// keep notes that a holder has a box, and lets it be listed when its hold is over.
func (b *board) keep(id int32, holder int) {
	if b.every == 0 {
		return
	}
	one := &b.e.boxes.all[id]
	if one.stored[1-holder] == never { // the hold begins with the first that has it
		one.held = b.e.now + b.e.runs.hold()
	}
	end := (max(b.e.now, one.held)/b.every + 1) * b.every
	b.e.wheel.Push(event{At: end, Ref: id, Kind: listed})
}

// list is a box in the bulletin of one of its holders.
func (b *board) list(id int32) {
	one := &b.e.boxes.all[id]
	b.listings++
	one.listed++
	if one.listed == 2 && !b.e.forks.divert(id) {
		one.slot = int32(b.e.now/b.every) - 1
		b.pairs = append(b.pairs, id)
		b.e.m.count.pairs++
	}
}

// publish closes a slot, whose bulletins every provider has now.
func (b *board) publish(ev event) {
	from := b.until(int32(len(b.slots)) - 1)
	bytes := protocol.BulletinBytes(b.e.cfg.Providers, b.listings)
	b.slots = append(b.slots, ended{int32(len(b.pairs)), int32(bytes)})
	b.listings = 0
	if len(b.slots)%protocol.RollSlots == 0 {
		seconds := float64(protocol.RollSlots) * float64(b.every) / 1e9
		b.rolls = append(b.rolls, float64(len(b.pairs)-b.roll)/seconds)
		b.roll = len(b.pairs)
	}
	for i := from; i < int32(len(b.pairs)); i++ {
		b.e.seen.listed(b.pairs[i])
		b.e.readers.tell(i)
	}
	b.e.later(b.every, ev)
}

// until is how many pairs there were at the end of a slot.
func (b *board) until(slot int32) int32 {
	if slot < 0 || len(b.slots) == 0 {
		return 0
	}
	return b.slots[min(slot, int32(len(b.slots))-1)].until
}

// rate is the pairs listed a second in the newest whole roll: before there is one, what cover alone
// should bring.
func (b *board) rate() float64 {
	if n := len(b.rolls); n > 0 {
		return b.rolls[n-1]
	}
	c := &b.e.cfg
	online := 1.0
	if c.OnlineFor > 0 {
		online = float64(c.OnlineFor) / float64(c.OnlineFor+c.OfflineFor)
	}
	cover := float64(c.Bulletins.WritesPerDay) * float64(c.Clients) / (24 * time.Hour).Seconds()
	boxes := 1 + c.Bulletins.PhotoShare*float64(c.Bulletins.PhotoBoxes)
	return online * max(cover, c.postRate()*boxes)
}

// recent is the pairs listed a second in the newest slots.
func (b *board) recent() float64 {
	newest := int32(len(b.slots)) - 1
	pairs := b.until(newest) - b.until(newest-recentSlots)
	return float64(pairs) / (recentSlots * float64(b.every) / 1e9)
}

const (
	fullLoad    = 0.6 // share of the work slots up to which everybody fetches everything
	recentSlots = 16  // slots whose rate counts if it is a flood:
	flooded     = 2   // so many times that of the last whole roll, and more than the work slots
)

// load is the share of the pairs that a client fetches for the crowd, if it has so many work slots
// a second for that.
func (b *board) load(work float64) float64 {
	rate, recent, all := b.rate(), b.recent(), b.e.cfg.workRate()
	if recent > max(all, flooded*rate) {
		rate = recent
	}
	if fullLoad*all >= rate { // whatever the client reads itself
		return 1
	}
	return min(1, max(0, b.e.cfg.Bulletins.FetchLoad*work/rate))
}

// bulletinMemory is what bulletins and boxes of a run take at most.
func (c *Config) bulletinMemory() float64 {
	if c.Bulletins.Every == 0 {
		return 0
	}
	boxes := float64(c.Bulletins.WritesPerDay)*float64(c.Clients) + 86400*c.postRate()
	boxes += 86400 * perSecond(c.Bulletins.Baits) * float64(c.Groups.Count)
	days := (c.Warmup + c.Duration + c.Drain).Hours() / 24
	each := float64(unsafe.Sizeof(box{})) + 8
	perClient := 3*24 + 16*float64(unsafe.Sizeof(fetch{})) + 64
	life := 3 * (9*c.MeanHop.Seconds() + float64(c.margin())/1e9)
	flying := c.workRate() * life * float64(unsafe.Sizeof(awaited{})+unsafe.Sizeof(event{}))
	return 2*boxes*days*each + float64(c.Clients)*(perClient+flying)
}
