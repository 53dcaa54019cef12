package des

import "murmuration/sim/trace"

// insight is what providers see together: frames and replies of clients, requests for boxes of
// posts at their holders. Its memory grows with time.
type insight struct {
	e      *engine
	on     bool
	all    trace.Coalition
	truth  []trace.BoxTruth
	places []int32 // of boxes, or of authors who are polled, among those seen
}

func (s *insight) init(e *engine) {
	s.e, s.on = e, e.cfg.Coalition
	if !s.on {
		return
	}
	n := e.cfg.Clients
	s.all.Frames, s.all.Replies = make([][]int64, n), make([][]int64, n)
	s.all.Online = make([][]trace.Stay, n)
	for c := range int32(n) {
		if !e.clients.offline.has(c) && e.cfg.OnlineFor > 0 {
			s.comes(c)
		}
	}
}

// bare reports whether somebody who tells dummies apart leaves a packet out.
func (s *insight) bare(ev *event) bool {
	if !s.e.without(CoverRule) {
		return false
	}
	r := s.e.requests.of(ev)
	return r == nil || r.decoy || !(r.reads || r.use == write && s.e.boxes.all[r.box].post != none)
}

func (s *insight) frame(ev *event) {
	if s.on && !s.bare(ev) {
		s.all.Frames[ev.Src] = append(s.all.Frames[ev.Src], s.e.now)
	}
}

func (s *insight) reply(ev *event) {
	if s.on && ev.Class == reply && !s.bare(ev) {
		s.all.Replies[ev.Src] = append(s.all.Replies[ev.Src], s.e.now)
	}
}

func (s *insight) comes(c int32) {
	if s.on {
		s.all.Online[c] = append(s.all.Online[c], trace.Stay{From: s.e.now, To: never})
	}
}

func (s *insight) goes(c int32) {
	if stays := s.all.Online; s.on && len(stays[c]) > 0 {
		stays[c][len(stays[c])-1].To = s.e.now
	}
}

// place finds what is seen of a box, or of the feed of an author; -1 if it is of no post.
func (s *insight) place(id int32) int32 {
	for int(id) >= len(s.places) {
		s.places = append(s.places, none)
	}
	return s.places[id]
}

func (s *insight) add(id int32, truth trace.BoxTruth) {
	s.place(id)
	s.places[id] = int32(len(s.truth))
	truth.Target = none
	s.truth = append(s.truth, truth)
	s.all.Boxes = append(s.all.Boxes, trace.SeenBox{Listed: trace.Unlisted})
}

// written notes a box that its author is about to write.
func (s *insight) written(id int32) {
	if !s.on {
		return
	}
	b := &s.e.boxes.all[id]
	if b.post != none {
		members := s.e.groups.membersOf(s.e.posts.all[b.post].group)
		s.add(id, trace.BoxTruth{Author: b.author, Readers: members, Part: b.part})
	}
}

// baited notes a box of a group that nobody wrote.
func (s *insight) baited(id int32, members []int32) {
	if s.on {
		s.add(id, trace.BoxTruth{Author: none, Readers: members, Bait: true})
	}
}

func (s *insight) listed(id int32) {
	if s.on && s.place(id) != none {
		s.all.Boxes[s.place(id)].Listed = s.e.now
	}
}

func (s *insight) kept(id, c int32, until int64) {
	if s.on {
		s.truth[s.place(id)].Target, s.truth[s.place(id)].Shown = c, until
	}
}

// handled is a request at the provider that answers it.
func (s *insight) handled(ev *event, stay int64) {
	if !s.on || ev.Class != reply || ev.Hop != s.e.cfg.exitHop() || s.bare(ev) {
		return
	}
	seen := trace.Handled{At: s.e.now, Left: s.e.now + stay}
	r := s.e.requests.of(ev)
	switch {
	case r == nil && s.e.cfg.Bulletins.Every == 0, r == nil && ev.Aux == none:
	case r == nil:
		s.fetched(ev.Aux, seen)
	case r.use == fetching:
		s.fetched(r.box, seen)
	case r.use == poll:
		s.polled(r.author, seen)
	case r.use == write && s.e.cfg.Bulletins.Every > 0 && s.place(r.box) != none:
		b := &s.all.Boxes[s.place(r.box)]
		b.Writes = append(b.Writes, seen)
	}
}

func (s *insight) fetched(id int32, seen trace.Handled) {
	if at := s.place(id); at != none {
		b := &s.all.Boxes[at]
		b.Fetches = append(b.Fetches, seen)
	}
}

// polled notes a poll of the next box of an author, whose feed counts as one box.
func (s *insight) polled(author int32, seen trace.Handled) {
	if s.place(author) == none {
		size := int32(s.e.cfg.Groups.Size)
		s.add(author, trace.BoxTruth{
			Author: author, Readers: s.e.groups.membersOf(author / size),
		})
	}
	s.fetched(author, seen)
}

// close gives what was seen, and the truth about it.
func (s *insight) close() (*trace.Coalition, []trace.BoxTruth) {
	if !s.on {
		return nil, nil
	}
	return &s.all, s.truth
}
