package des

import (
	"unsafe"

	"murmuration/internal/protocol"
	"murmuration/sim/des/wheel"
)

// Memory estimates the bytes that a run needs at most: what is fixed per client and node,
// and what is in flight in the long run. Queues that grow without bound, because more is
// wanted than there are slots for, are not foreseen.
func (c Config) Memory() int64 {
	c = c.complete()
	perClient := float64(unsafe.Sizeof(ends{})+unsafe.Sizeof(spoolOf{})) + 1
	if c.Boxes.Watched > 0 {
		perClient += float64(c.Boxes.Watched)*float64(unsafe.Sizeof(place{})) +
			float64(c.authorsWaiting())*8 + 24
		// A poll's record lives until its timer runs out, about three times its way.
		polls := perSecond(c.PayloadEvery)*c.Boxes.PollShare + perSecond(c.LoopEvery)
		life := 3 * (9*c.MeanHop.Seconds() + float64(c.margin())/1e9)
		perClient += polls * life * float64(unsafe.Sizeof(awaited{})+unsafe.Sizeof(event{}))
	}
	perClient += float64(c.Messages.Friends) * 4
	way := float64(protocol.PathHops(c.Layers))*c.MeanHop.Seconds() +
		float64(c.Layers+1)*c.Link.Seconds()
	flying := c.packetRate() * way * 1.5 * float64(unsafe.Sizeof(event{}))
	samples := float64(c.Samples) * 8 * float64(len(new(measures).series()))
	fixed := float64(unsafe.Sizeof(wheel.Wheel{})) + float64(c.nodes())*16
	return int64(perClient*float64(c.Clients) + flying + samples + fixed)
}
