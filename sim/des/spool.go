package des

// spoolItem is one packet in a spool.
type spoolItem struct {
	ev   event
	next int32
}

// spools keep packets at providers until their clients fetch them. The bits say which clients have
// any.
type spools struct {
	e       *engine
	clients []spoolOf
	items   []spoolItem // arena of all spools
	free    int32
	filled  set
}

// spoolOf is the spool of one client.
type spoolOf struct {
	ends
	length int32
}

func (s *spools) init(e *engine) {
	s.e, s.free = e, none
	s.clients = make([]spoolOf, s.e.cfg.Clients)
	for i := range s.clients {
		s.clients[i] = spoolOf{ends: ends{none, none}}
	}
	s.filled = newSet(s.e.cfg.Clients)
}

// owner is the client that a packet in a spool is for.
func owner(ev *event) int32 {
	if ev.Class == reply {
		return ev.Src
	}
	return ev.Dst
}

// take is where a packet for a client arrives at its provider.
func (s *spools) take(ev event) {
	c := owner(&ev)
	ev.At = s.e.now // since when it waits
	s.e.seen.reply(&ev)
	ev.Late = s.e.clients.offline.has(c)
	if s.e.cfg.Retrieval == Push && !ev.Late {
		s.e.m.spoolWait.add(0)
		s.e.links.down(c, ev)
		return
	}
	awaited := s.filled.has(c)
	s.keep(c, ev)
	if s.e.cfg.Retrieval == Pull && !ev.Late && !awaited {
		s.awaitPull(c)
	}
}

// keep puts a packet into its client's spool, which drops it when full.
func (s *spools) keep(c int32, ev event) {
	own := &s.clients[c]
	if int(own.length) >= s.e.cfg.SpoolLimit {
		s.e.m.count.spoolFull++
		return
	}
	i := s.free
	if i == none {
		i = int32(len(s.items))
		s.items = append(s.items, spoolItem{})
	} else {
		s.free = s.items[i].next
	}
	s.items[i] = spoolItem{ev: ev, next: none}
	if own.first == none {
		own.first = i
		s.filled.add(c)
	} else {
		s.items[own.last].next = i
	}
	own.last = i
	own.length++
}

// give takes the oldest packet of a client.
func (s *spools) give(c int32) (event, bool) {
	if !s.filled.has(c) {
		return event{}, false
	}
	own := &s.clients[c]
	i := own.first
	kept := &s.items[i]
	own.first = kept.next
	if kept.next == none {
		s.filled.clear(c)
	}
	kept.next, s.free = s.free, i
	own.length--
	return kept.ev, true
}

// exchange answers one frame of a client with the oldest packet of its spool, or with a
// dummy that looks the same.
func (s *spools) exchange(c int32) {
	ev, ok := s.give(c)
	s.e.readers.frame(c, ok)
	if !ok {
		s.e.tap.watch(s.e.cfg.home(c), int32(s.e.cfg.nodes())+c, nil)
		return
	}
	s.e.m.spoolWait.add(float64(s.e.now-ev.At) / 1e9)
	s.e.links.down(c, ev)
}

// awaitPull schedules the client's next look into its spool: looks that find nothing need no event.
func (s *spools) awaitPull(c int32) {
	period := int64(s.e.cfg.PullEvery)
	phase := int64(float64(period) * float64(c) / float64(s.e.cfg.Clients))
	wait := period - (s.e.now-phase)%period
	s.e.later(wait%period, event{Src: c, Kind: pulled})
}

// pull brings down what waits for a client, if the client is there to look.
func (s *spools) pull(c int32) {
	for !s.e.clients.offline.has(c) && s.filled.has(c) {
		s.exchange(c)
	}
}

// comeBack is what a client that was away does about its spool. What waits there is late, even if
// it came just before the client left.
func (s *spools) comeBack(c int32) {
	if !s.filled.has(c) {
		return
	}
	for i := s.clients[c].first; i != none; i = s.items[i].next {
		s.items[i].ev.Late = true
	}
	switch s.e.cfg.Retrieval {
	case Push:
		s.pull(c)
	case Pull:
		s.awaitPull(c)
	}
}
