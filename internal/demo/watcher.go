package demo

import (
	"slices"
	"time"

	"murmuration/internal/testnet"
)

// Watcher is what somebody saw who watched every link: times, sizes and directions.
type Watcher struct {
	Frames int
	Bytes  int64
	Links  int   // directed pairs of parties that exchanged frames
	Sizes  []int // of all frames, in bytes
	People []Watched
}

// Watched is what the watcher saw of one person.
type Watched struct {
	Name     string
	Up, Down int     // frames
	Rate     float64 // frames up per second
	Sizes    []int   // of the frames in both directions
}

// look takes stock at the end.
func (s *show) look() {
	streams := map[string]uint64{}
	for _, status := range []map[string]uint64{s.alice.Status().Sent, s.bob.Status().Sent} {
		for stream, n := range status {
			streams[stream] += n
			s.report.Packets += n
		}
	}
	s.report.Streams = streams
	for _, line := range s.alice.Outbox() {
		s.report.Boxes += line.Boxes
		s.report.Own += uint64(line.Stored)
	}
	if posts, err := s.bob.Timeline(10); err == nil {
		for _, p := range posts {
			s.report.Own++ // the fetch that brought it
			for _, photo := range p.Photos {
				s.report.Own += uint64(photo.State.Got)
			}
		}
	}
	s.report.Own += s.alice.Status().Resent + s.bob.Status().Resent
	s.report.Watcher = s.watch()
}

func (s *show) watch() Watcher {
	frames, names := s.tap.Frames(), s.tap.Names()
	w := Watcher{Frames: len(frames)}
	links := map[[2]int]bool{}
	for _, f := range frames {
		w.Bytes += int64(f.Size)
		links[[2]int{f.From, f.To}] = true
		w.Sizes = with(w.Sizes, f.Size)
	}
	w.Links = len(links)
	for _, name := range []string{"alice", "bob"} {
		w.People = append(w.People, s.watchPerson(slices.Index(names, name), name))
	}
	return w
}

// watchPerson leaves out the few directory frames before the streams begin: fetching the public
// network document is something that everybody does alike.
func (s *show) watchPerson(party int, name string) Watched {
	w := Watched{Name: name}
	var first, last time.Duration
	for _, f := range s.tap.Frames() {
		if f.Size < s.packetSize() || f.From != party && f.To != party {
			continue
		}
		w.Sizes = with(w.Sizes, f.Size)
		if f.To == party {
			w.Down++
			continue
		}
		if w.Up == 0 {
			first = f.At
		}
		w.Up++
		last = f.At
	}
	if last > first {
		w.Rate = float64(w.Up-1) / (last - first).Seconds()
	}
	return w
}

// packetSize is a lower bound of the frames that carry packets: a box and more.
func (s *show) packetSize() int { return s.o.Parameters.Request() }

func with(sizes []int, size int) []int {
	at, ok := slices.BinarySearch(sizes, size)
	if ok {
		return sizes
	}
	return slices.Insert(sizes, at, size)
}

// reached says that a packet came to one of these nodes of late.
func (s *show) reached(nodes []string) bool {
	return s.moved(nodes, func(f testnet.Frame) int { return f.To })
}

// left says that a packet left one of these nodes of late.
func (s *show) left(nodes []string) bool {
	return s.moved(nodes, func(f testnet.Frame) int { return f.From })
}

// moved looks at the second half of the patience: a node that is stopped takes and gives what is
// under way.
func (s *show) moved(nodes []string, end func(testnet.Frame) int) bool {
	names, frames := s.tap.Names(), s.tap.Frames()
	if len(frames) == 0 {
		return false
	}
	late := frames[len(frames)-1].At - s.o.Patience/2
	for _, f := range frames {
		if f.At >= late && f.Size >= s.packetSize() && slices.Contains(nodes, names[end(f)]) {
			return true
		}
	}
	return false
}
