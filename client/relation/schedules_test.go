package relation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/relation"
	"murmuration/client/store"
	"murmuration/internal/long"
)

// schedules is how many are drawn; MURMUR_SCHEDULES says another number, and a seed replays one.
func schedules(t *testing.T) (from, to uint64) {
	if one := long.Count(t, "MURMUR_SCHEDULE", 0, -1); one >= 0 {
		return uint64(one), uint64(one) + 1
	}
	return 0, uint64(long.Count(t, "MURMUR_SCHEDULES", 1, 2))
}

// TestSchedules draws what two people with three devices do, and what happens to them: absences,
// lost and late boxes, restarts, knocks that cross, a restore. In the end everything that was said
// is with everybody, once; nobody's state was seen twice.
func TestSchedules(t *testing.T) {
	quick(t)
	for from, to := schedules(t); from < to; from++ {
		if !t.Run(fmt.Sprint(from), func(t *testing.T) { newSchedule(t, from).run() }) {
			t.Fatalf("replay it: MURMUR_SCHEDULE=%d go test ./client/relation -run TestSchedules",
				from)
		}
	}
}

// schedule is one of them.
type schedule struct {
	*world
	rng     *rand.Rand
	devices []*device
	lost    *device // that a restored one took the place of
	before  []said  // what was said until then
	said    []said
	copies  map[*device]*store.Store
	had     map[*device][]string // what was heard when the copy was made
	back    map[*device]int      // how much was said when a device was put back from its copy
}

type said struct {
	text string
	by   *device
}

func newSchedule(t *testing.T, seed uint64) *schedule {
	w := newWorld(t)
	s := &schedule{
		world: w, rng: rand.New(rand.NewPCG(seed, 1)), copies: map[*device]*store.Store{},
		had: map[*device][]string{}, back: map[*device]int{},
	}
	ada, ben := w.device("Ada"), w.device("Ben")
	w.meet(ada, ben)
	w.wait(5 * time.Minute)
	var key relation.Key
	ben.update(func(tx *store.Tx) (err error) { key, err = ben.Link(tx, w.now); return err })
	phone := w.restore("Ben's phone", ben.store, &key)
	phone.id = ben.id
	w.wait(20 * time.Minute)
	s.devices = []*device{ada, ben, phone}
	return s
}

func (s *schedule) run() {
	for range 40 {
		s.act(s.devices[s.rng.IntN(len(s.devices))])
	}
	for _, d := range s.devices {
		d.off, d.sender.Lossy, d.sender.Deaf = false, false, false
	}
	s.step = 15 * time.Minute
	s.wait(12 * time.Hour)
	for _, d := range s.devices {
		s.check(d)
	}
}

func (s *schedule) act(d *device) {
	switch n := s.rng.IntN(20); {
	case n < 8:
		text := fmt.Sprintf("%s says %d", d.name, len(s.said))
		s.t.Log(s.now.Format("02 15:04"), text)
		s.said = append(s.said, said{text, d})
		d.say(text)
	case n < 12:
		s.wait(time.Duration(1+s.rng.IntN(10)) * time.Minute)
	case n == 12:
		s.t.Log(s.now.Format("02 15:04"), d.name, "off", !d.off)
		d.off = !d.off
	case n == 13:
		s.t.Log(s.now.Format("02 15:04"), d.name, "starts")
		d.start()
	case n == 14:
		d.sender.Lossy = !d.sender.Lossy
		s.t.Log(s.now.Format("02 15:04"), d.name, "lossy", d.sender.Lossy)
	case n == 15:
		d.sender.Deaf = !d.sender.Deaf
	case n == 16:
		s.t.Log(s.now.Format("02 15:04"), d.name, "knocks")
		d.update(func(tx *store.Tx) error { return d.Reset(tx, s.now, d.id) })
	case n == 17:
		s.step = 2 * time.Hour
		s.wait(time.Duration(1+s.rng.IntN(2)) * oneDay)
		s.step = time.Minute
	case n == 18 && s.lost == nil && s.rng.IntN(2) == 0:
		s.restored(s.devices[0])
	case n == 19 && s.rng.IntN(2) == 0:
		s.copied(d)
	}
}

// copied makes a copy of a home, or puts it back: what was said until then by it, and to it, may be
// with the state that is gone.
func (s *schedule) copied(d *device) {
	if s.copies[d] == nil {
		s.t.Log(s.now.Format("02 15:04"), d.name, "is copied")
		s.copies[d], s.had[d] = copyOf(s.t, d.store, false), slices.Clone(d.heard)
		return
	}
	if s.back[d] > 0 {
		return
	}
	s.t.Log(s.now.Format("02 15:04"), d.name, "is put back")
	d.store, d.heard, s.back[d] = s.copies[d], s.had[d], len(s.said)
	d.start()
}

// restored is a device that is lost, and a backup of it on another computer.
func (s *schedule) restored(d *device) {
	s.t.Log(s.now.Format("02 15:04"), d.name, "is lost and restored")
	s.lost, s.before = d, slices.Clone(s.said)
	d.off = true
	anew := s.world.restore(d.name+" again", d.store, nil)
	anew.id = d.id
	s.devices[0] = anew
	s.people = slices.DeleteFunc(s.people, func(o *device) bool { return o == d })
}

// check: what others said came once. What the lost device was to hear came to it or to the one in
// its place, and what it said may be lost with it.
func (s *schedule) check(d *device) {
	times := map[string]int{}
	for _, text := range d.heard {
		times[text]++
	}
	for i, m := range s.said {
		n := times[m.text]
		lost := s.lost != nil && i < len(s.before)
		switch {
		case n > 1:
			s.t.Errorf("%s heard %d times: %q", d.name, n, m.text)
		case n == 1 || m.by == d || lost && m.by == s.lost:
		case i < s.back[d] || i < s.back[m.by]:
		case lost && d == s.devices[0] && slices.Contains(s.lost.heard, m.text):
		case s.lost != nil && m.by == s.devices[0] && s.mate(d, m.text):
			// It was said before the restored one knew of this device.
		default:
			s.t.Errorf("%s did not hear %q", d.name, m.text)
		}
	}
	if d.told(relation.EventCopied) > 0 && s.back[d] == 0 {
		s.t.Errorf("%s was copied: %v", d.name, d.events)
	}
}

// mate says whether the other device of a person heard a text.
func (s *schedule) mate(d *device, text string) bool {
	return slices.ContainsFunc(s.devices[1:], func(o *device) bool {
		return o != d && slices.Contains(o.heard, text)
	})
}
