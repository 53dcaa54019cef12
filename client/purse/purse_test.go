package purse

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"murmuration/client/person"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	_ "murmuration/internal/drawn"
	"murmuration/internal/long"
	"murmuration/internal/token"
)

var genesis = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

var network = directory.NetworkID{7}

// tester is *testing.T, and that of rapid.
type tester interface {
	Fatal(...any)
	Fatalf(string, ...any)
}

// town is a home, its purse and the holders, of which the home sees what their keys say.
type town struct {
	t       tester
	now     time.Time
	doc     *directory.Document
	store   *store.Store
	holders []directory.NodeID
	own     directory.NodeID
	starts  byte
	*Purse
}

// holder is somebody by number, from 1 on.
func holder(n int) directory.NodeID { return directory.NodeID{byte(n)} }

// keys are those that keyOf has made.
var keys = map[place]*token.Key{}

func keyOf(t tester, h directory.NodeID, day box.Day) *token.Key {
	if k := keys[place{day, h}]; k != nil {
		return k
	}
	k, err := token.NewKey(h, network, uint32(day))
	if err != nil {
		t.Fatal(err)
	}
	keys[place{day, h}] = k
	return k
}

// newTown has so many holders, of which a client gets 24 tokens a day in all.
func newTown(t tester, holders int) *town {
	w := &town{t: t, now: genesis.Add(9 * time.Hour), store: store.Memory()}
	for i := range holders {
		w.holders = append(w.holders, holder(i+1))
	}
	w.start()
	return w
}

// publish makes the document of the day.
func (w *town) publish() {
	par, err := directory.Defaults("x25519")
	if err != nil {
		w.t.Fatal(err)
	}
	par.WriteTokens = 24
	today := box.DayOf(genesis, w.now)
	w.doc = &directory.Document{Parameters: par}
	for _, h := range w.holders {
		n := directory.Node{ID: h, Role: directory.RoleProvider}
		for i := range n.Tokens {
			n.Tokens[i] = directory.TokenKey(keyOf(w.t, h, today+box.Day(i)).Public())
		}
		w.doc.Nodes = append(w.doc.Nodes, n)
	}
	for i := range uint16(2) {
		w.doc.Storing = append(w.doc.Storing,
			directory.StoringSet{Day: uint16(today) + i, Nodes: w.holders})
	}
	w.SetDocument(w.doc)
}

// start is a program's on the home as it is: what was not on the disk is forgotten.
func (w *town) start() {
	w.starts++
	p := person.New(w.store)
	w.Purse = New(p, Config{
		Store: w.store, Network: network,
		Calendar: box.Calendar{Genesis: genesis, Retention: 14},
		Random:   rand.NewChaCha8([32]byte{w.starts}),
	})
	if err := p.Load(); err != nil {
		w.t.Fatal(err)
	}
	w.publish()
	w.Begin(w.doc, w.own)
	w.turn()
}

func (w *town) turn() {
	if err := w.Turn(w.now); err != nil {
		w.t.Fatal(err)
	}
}

// wait lets time go by, without a slot.
func (w *town) wait(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); w.turn() {
		w.now = w.now.Add(min(time.Minute, end.Sub(w.now)))
	}
	w.publish()
}

// question is one of them as it left.
type question struct {
	day    box.Day
	holder directory.NodeID
	raw    []byte
}

// ask has slots ask what is due.
func (w *town) ask() (all []question) {
	for q, ok := w.Question(w.now); ok; q, ok = w.Question(w.now) {
		w.Asked(w.now)
		all = append(all, question{box.Day(q.Day), q.Holder, bytes.Clone(q.Elements)})
	}
	return all
}

// answers is what a holder says to a question, with the key of a day.
func (w *town) answers(q question, key *token.Key) bulletin.Tokens {
	raw, err := key.Issue(rand.NewChaCha8([32]byte{w.starts}), q.raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return bulletin.Tokens{Day: uint32(q.day), Holder: q.holder, Answer: raw}
}

func (w *town) take(a bulletin.Tokens) {
	if err := w.Take(a); err != nil {
		w.t.Fatal(err)
	}
}

// serve answers all that is asked, as honest holders do.
func (w *town) serve() {
	for _, q := range w.ask() {
		w.take(w.answers(q, keyOf(w.t, q.holder, q.day)))
	}
}

// pay is the token for a box at a holder, which must be good there.
func (w *town) pay(day box.Day, h directory.NodeID, n int) (box.Token, bool) {
	t, ok := w.Token(day, h, box.ID{byte(n), byte(n >> 8)})
	if ok && !keyOf(w.t, h, day).Good(token.Token(t)) {
		w.t.Fatalf("a token that %s does not take", h)
	}
	return t, ok
}

// TestTokens: a newcomer asks every holder for today at once, in an order of its own; each token is
// good at its holder for one box, and the same box gets the same one.
func TestTokens(t *testing.T) {
	w := newTown(t, 3)
	if _, ok := w.pay(0, holder(1), 1); ok {
		t.Error("there is a token before anything was asked")
	}
	asked := w.ask()
	today := slices.DeleteFunc(slices.Clone(asked), func(q question) bool { return q.day != 0 })
	if len(today) != 3 || !slices.EqualFunc(asked[:3], today,
		func(a, b question) bool { return a.holder == b.holder && a.day == b.day }) {
		t.Fatalf("asked were %d for today, of %d", len(today), len(asked))
	}
	for _, q := range asked {
		w.take(w.answers(q, keyOf(t, q.holder, q.day)))
	}
	seen := map[box.Token]bool{}
	for n := range 8 {
		one, ok := w.pay(0, holder(2), n)
		same, _ := w.pay(0, holder(2), n)
		if !ok || seen[one] || same != one {
			t.Errorf("box %d: %v, twice the same: %v", n, ok, same == one)
		}
		seen[one] = true
		if err := w.Supply(w.now); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := w.pay(0, holder(2), 9); ok || !w.Hopeless(0, holder(2)) {
		t.Error("a batch of 8 has 9 tokens")
	}
	if w.Hopeless(0, holder(1)) || w.Hopeless(5, holder(1)) {
		t.Error("a holder of whom there are tokens, or will be, is hopeless")
	}
	if left, of := w.Left(w.now); left != 16 || of != 24 {
		t.Errorf("%d of %d are left", left, of)
	}
	if len(w.ask()) != 0 {
		t.Error("what was answered is asked again")
	}
}

// TestOrdersDiffer: homes ask in orders of their own, and of tomorrow at times of their own, which
// are spread over the day.
func TestOrdersDiffer(t *testing.T) {
	orders, early := map[string]bool{}, 0
	for n := range 40 {
		w := &town{t: t, now: genesis, store: store.Memory(), starts: byte(n)}
		for i := range 3 {
			w.holders = append(w.holders, holder(i+1))
		}
		w.start()
		order := ""
		for _, q := range w.ask() {
			order += fmt.Sprint(q.day, q.holder[0], " ")
		}
		orders[order] = true
		for i := range 3 {
			if w.moment(place{1, holder(i + 1)}) < 12*time.Hour {
				early++
			}
		}
	}
	if len(orders) != 6 {
		t.Errorf("%d orders of three holders", len(orders))
	}
	for n := range 20 {
		w := &town{t: t, now: genesis, store: store.Memory(), starts: byte(n), own: holder(2)}
		for i := range 3 {
			w.holders = append(w.holders, holder(i+1))
		}
		if w.start(); w.ask()[2].holder != w.own {
			t.Error("the own provider is not asked last")
		}
	}
	if early < 40 || early > 80 {
		t.Errorf("%d of 120 moments are before noon", early)
	}
}

// TestTomorrowIsAskedForToday, so that at midnight everything is there; and what is of yesterday
// serves as long as holders take writes of it.
func TestTomorrowIsAskedForToday(t *testing.T) {
	w := newTown(t, 4)
	for range 15 {
		w.serve()
		w.wait(time.Hour)
	}
	if day := box.DayOf(genesis, w.now); day != 1 || len(w.ask()) != 0 {
		t.Fatalf("day %d, and something of it is asked for", day)
	}
	for n, day := range []box.Day{0, 1} {
		if _, ok := w.pay(day, holder(1), n); !ok {
			t.Errorf("no token for day %d just after midnight", day)
		}
	}
	w.wait(3 * time.Hour)
	if _, ok := w.pay(0, holder(1), 3); ok {
		t.Error("a token for a day that is over")
	}
	kept := 0
	err := w.store.View(func(tx *store.Tx) error {
		return store.Each(tx, bucket, func(_ string, r record) error {
			if len(r.Tokens) > 0 && r.Day == 0 {
				kept++
			}
			return nil
		})
	})
	if err != nil || kept != 0 {
		t.Errorf("%d batches of a day that is over are kept, %v", kept, err)
	}
}

// TestCopiesPart: two homes with one secret ask for the same bytes; once it is renewed not for
// those of later days. What was got before stays, and the new secret is there after a restart.
func TestCopiesPart(t *testing.T) {
	for _, renewed := range []bool{false, true} {
		one, two := newTown(t, 2), newTown(t, 2)
		two.Purse.secret = one.secret
		one.serve()
		if renewed {
			if err := one.store.Update(one.Renew); err != nil {
				t.Fatal(err)
			}
			one.start()
		}
		if _, ok := one.pay(0, holder(1), 1); !ok {
			t.Error("tokens from before are gone")
		}
		asked := map[place][2][]byte{}
		for i, w := range []*town{one, two} {
			w.now = w.now.Add(48 * time.Hour)
			w.publish()
			w.turn()
			for _, q := range w.ask() {
				if at := (place{q.day, q.holder}); q.day == w.today(w.now) { // all of them at once
					raw := asked[at]
					raw[i] = q.raw
					asked[at] = raw
				}
			}
		}
		for at, raw := range asked {
			if raw[0] == nil || raw[1] == nil || bytes.Equal(raw[0], raw[1]) == renewed {
				t.Errorf("renewed: %v; day %d: %d and %d bytes, the same: %v", renewed, at.day,
					len(raw[0]), len(raw[1]), bytes.Equal(raw[0], raw[1]))
			}
		}
		if len(asked) < 2 {
			t.Errorf("%d questions are asked", len(asked))
		}
	}
}

// TestAskedAgain: without an answer the same bytes go again after five slots, then after twice as
// long each time, after an hour at last, and over a restart, but not through another provider; a
// whole answer to any of them is good.
func TestAskedAgain(t *testing.T) {
	w := newTown(t, 1)
	first := w.ask()[0]
	slots := w.doc.Parameters.BulletinEvery
	for _, wait := range []time.Duration{
		5 * slots, 10 * slots, 20 * slots, 40 * slots, 80 * slots, 160 * slots, time.Hour,
		time.Hour,
	} {
		w.now = w.now.Add(wait - time.Second)
		if q := w.today1(); q != nil {
			t.Errorf("asked again within %v", wait)
		}
		w.now = w.now.Add(time.Second)
		if q := w.today1(); q == nil || !bytes.Equal(q.raw, first.raw) {
			t.Errorf("after %v: %v", wait, q != nil)
		}
	}
	w.start()
	if q := w.today1(); q == nil || !bytes.Equal(q.raw, first.raw) {
		t.Fatal("after a restart something else is asked for")
	}
	w.Begin(w.doc, holder(9))
	w.turn()
	if q := w.today1(); q == nil || bytes.Equal(q.raw, first.raw) {
		t.Error("through another provider the same bytes go, by which a holder knows who asks")
	}
	w.take(w.answers(first, keyOf(t, holder(1), 0)))
	if _, ok := w.pay(0, holder(1), 1); ok {
		t.Error("an answer to what was asked through the provider before is taken")
	}
	w.Begin(w.doc, w.own)
	w.turn()
	if q := w.today1(); q == nil || !bytes.Equal(q.raw, first.raw) {
		t.Error("back at the first provider something else is asked for")
	}
	w.take(w.answers(first, keyOf(t, holder(1), 0)))
	if _, ok := w.pay(0, holder(1), 1); !ok {
		t.Error("no token of an answer to what was asked before the restart")
	}
	// The control: another home asks for something else.
	other := newTown(t, 1)
	other.starts, other.store = 99, store.Memory()
	if other.start(); bytes.Equal(other.ask()[0].raw, first.raw) {
		t.Error("two homes ask with the same bytes")
	}
}

// today1 is today's question, if it is due.
func (w *town) today1() *question {
	for _, q := range w.ask() {
		if q.day == w.today(w.now) {
			return &q
		}
	}
	return nil
}

// TestAnswersThatAreNone are counted, and change nothing: the right one is still taken after each.
func TestAnswersThatAreNone(t *testing.T) {
	w := newTown(t, 2)
	all := w.ask()
	q, other := all[0], all[1]
	good := w.answers(q, keyOf(t, q.holder, 0))
	crossed := w.answers(question{0, q.holder, other.raw}, keyOf(t, q.holder, 0))
	for name, c := range map[string]struct {
		bad  bulletin.Tokens
		want Reason
	}{
		"of another holder":  {elsewhere(good, 0, holder(9)), Unasked},
		"for another day":    {elsewhere(good, 5, q.holder), Unasked},
		"for a day of no 16": {elsewhere(good, 1<<16, q.holder), Unasked},
		"of nothing":         {bulletin.Tokens{Holder: q.holder}, Unproved},
		"garbled":            {garbled(good), Unproved},
		"with another key":   {w.answers(q, keyOf(t, holder(9), 0)), Unproved},
		"with tomorrow's":    {w.answers(q, keyOf(t, q.holder, 1)), Unproved},
		"to another's":       {crossed, Unproved},
	} {
		before := w.Counts()[c.want]
		w.take(c.bad)
		if n := w.Counts()[c.want]; n != before+1 {
			t.Errorf("%s: %d are counted as %v", name, n-before, c.want)
		}
		if _, ok := w.pay(0, q.holder, 1); ok {
			t.Fatalf("%s: it is taken", name)
		}
		w.now = w.now.Add(time.Hour)
		w.ask()
	}
	w.take(good)
	w.take(good)
	if _, ok := w.pay(0, q.holder, 1); !ok || w.Counts()[Repeated] != 1 {
		t.Errorf("the right one: %v, refused %v", ok, w.Counts())
	}
}

func elsewhere(a bulletin.Tokens, day uint32, h directory.NodeID) bulletin.Tokens {
	a.Day, a.Holder = day, h
	return a
}

func garbled(a bulletin.Tokens) bulletin.Tokens {
	a.Answer = bytes.Clone(a.Answer)
	a.Answer[len(a.Answer)-1] ^= 1
	return a
}

// TestOneLookForEachQuestion: who floods a client with answers has it look at one for each
// question.
func TestOneLookForEachQuestion(t *testing.T) {
	w := newTown(t, 1)
	q := w.ask()[0]
	bad := garbled(w.answers(q, keyOf(t, q.holder, 0)))
	for range 10 {
		w.take(bad)
	}
	if c := w.Counts(); c[Unproved] != 1 || c[Unasked] != 9 {
		t.Errorf("counted: %v", c)
	}
}

// TestOneKeyForADay: a holder that shows another key in the next epoch, before or after a restart,
// is asked under the first one, or it could tell people by when they asked.
func TestOneKeyForADay(t *testing.T) {
	w := newTown(t, 1)
	first := w.today1()
	turned := func() {
		w.publish()
		w.doc.Nodes[0].Tokens[0] = directory.TokenKey(keyOf(t, holder(5), 0).Public())
	}
	turned()
	w.now = w.now.Add(time.Hour)
	w.turn()
	again := w.today1()
	w.starts++
	p := person.New(w.store)
	w.Purse = New(p, w.cfg)
	if err := p.Load(); err != nil {
		t.Fatal(err)
	}
	turned()
	w.turn()
	later := w.today1()
	if !bytes.Equal(again.raw, first.raw) || !bytes.Equal(later.raw, first.raw) {
		t.Error("another key has it ask again")
	}
	w.take(w.answers(*first, keyOf(t, holder(5), 0)))
	if w.Counts()[Unproved] != 1 {
		t.Errorf("the other key's tokens: %v", w.Counts())
	}
	// The control: who comes later sees the other key only.
	late := newTown(t, 1)
	late.store = store.Memory()
	late.Purse = New(person.New(late.store), late.cfg)
	late.Purse.secret = w.secret
	late.doc.Nodes[0].Tokens[0] = directory.TokenKey(keyOf(t, holder(5), 0).Public())
	late.SetDocument(late.doc)
	late.turn()
	if bytes.Equal(late.today1().raw, first.raw) {
		t.Error("a question does not depend on the key")
	}
}

// TestRefused: a holder that does not take a token gets another one for that box, and in the end it
// has had all that are good there, and nowhere else.
func TestRefused(t *testing.T) {
	w := newTown(t, 2)
	w.serve()
	seen := map[box.Token]bool{}
	for range 20 {
		one, ok := w.pay(0, holder(1), 1)
		if !ok {
			break
		}
		if seen[one] {
			t.Fatal("a token that was refused is tried again")
		}
		seen[one] = true
		w.Refused(0, holder(1), box.ID{1})
		w.Refused(3, holder(1), box.ID{1}) // of a day that is not here
		w.turn()
	}
	if len(seen) != 16 && len(seen) != 8 || w.Counts()[Unpaid] != 2*uint64(len(seen)) {
		t.Errorf("%d tokens were tried, %v", len(seen), w.Counts())
	}
	if left, _ := w.Left(w.now); left != len(seen) {
		t.Errorf("%d are left", left)
	}
}

// TestDry: a provider that swallows questions is noticed after some 40 minutes, and not one that
// brought something; nor is a new provider, which was asked for nothing yet.
func TestDry(t *testing.T) {
	w := newTown(t, 2)
	for range 38 {
		w.ask()
		if w.Dry(w.now) || w.Hopeless(0, holder(2)) {
			t.Fatalf("dry at %v", w.now)
		}
		w.wait(time.Minute)
	}
	w.wait(2 * time.Minute)
	if w.ask(); !w.Dry(w.now) || !w.Hopeless(0, holder(2)) {
		t.Fatal("all questions are swallowed, and nobody notices")
	}
	w.wait(24 * time.Hour)
	if w.ask(); !w.Dry(w.now) {
		t.Error("forgotten with the day")
	}
	w.Begin(w.doc, holder(1))
	w.turn()
	if w.Dry(w.now) {
		t.Error("a new provider is judged by the one before")
	}
	q := w.ask()[0]
	for range 10 {
		w.wait(time.Hour)
		w.ask()
	}
	w.take(w.answers(q, keyOf(t, q.holder, q.day)))
	if w.Dry(w.now) {
		t.Error("dry, with tokens")
	}
}

// TestFullDisk: nothing is given that could not be noted; it is asked for again.
func TestFullDisk(t *testing.T) {
	w := newTown(t, 1)
	q := *w.today1()
	full := func(string) (uint64, error) { return 0, nil }
	room := w.store.Free
	w.store.Free = full
	w.take(w.answers(q, keyOf(t, q.holder, 0)))
	if _, ok := w.pay(0, q.holder, 1); ok {
		t.Fatal("a token that is not on the disk")
	}
	w.store.Free = room
	w.now = w.now.Add(time.Hour)
	w.ask()
	w.take(w.answers(q, keyOf(t, q.holder, 0)))
	for n := range 5 {
		if _, ok := w.pay(0, q.holder, n); !ok {
			t.Fatalf("no token for box %d", n)
		}
	}
	w.store.Free = full
	if err := w.Supply(w.now); !errors.Is(err, store.ErrFull) {
		t.Errorf("reserving on a full disk: %v", err)
	}
	for n := 5; n < 24; n++ {
		if _, ok := w.pay(0, q.holder, n); ok != (n < block) {
			t.Errorf("box %d has a token: %v", n, ok)
		}
	}
}

// TestNothingIsAskedWhereNothingIsGiven: without the parameter, and of holders without keys.
func TestNothingIsAskedWhereNothingIsGiven(t *testing.T) {
	w := newTown(t, 2)
	if len(w.ask()) < 2 {
		t.Fatal("control: nothing is asked")
	}
	w.store = store.Memory()
	w.Purse = New(person.New(w.store), w.cfg)
	w.cfg.Store = w.store
	w.publish()
	w.doc.Parameters.WriteTokens = 0
	if w.turn(); len(w.ask()) != 0 {
		t.Error("asked, though the network gives no tokens")
	}
	w.publish()
	w.doc.Nodes[0].Tokens = [2]directory.TokenKey{}
	w.turn()
	for _, q := range w.ask() {
		if q.holder == w.doc.Nodes[0].ID {
			t.Error("a holder without keys is asked")
		}
	}
}

// TestNoTokenIsForTwoBoxes: over whatever order of writes, answers, refusals, starts, kills, full
// disks and days.
func TestNoTokenIsForTwoBoxes(t *testing.T) {
	drawn := 0
	rapid.Check(t, func(t *rapid.T) {
		if drawn++; drawn > 25 && !long.Form() {
			return
		}
		if twice, given := schedule(t, false); twice > 0 {
			t.Fatalf("%d of %d tokens went to two boxes", twice, given)
		}
	})
}

// TestWhoReservesNothingSpendsTwice is the control: a home that notes what it gave afterwards.
func TestWhoReservesNothingSpendsTwice(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		if found > 5 {
			return // enough is seen
		}
		twice, _ := schedule(t, true)
		found += twice
	})
	if found == 0 {
		t.Error("no token went to two boxes")
	}
}

// schedule lives through drawn events, and counts the tokens that were given, and those that were
// given for two boxes.
func schedule(t *rapid.T, forgetful bool) (twice, given int) {
	w := newTown(t, 2)
	room := w.store.Free
	spent := map[box.Token]box.ID{}
	for range rapid.IntRange(1, 40).Draw(t, "events") {
		switch rapid.IntRange(0, 9).Draw(t, "event") {
		case 0, 1, 2, 3, 4:
			day := box.DayOf(genesis, w.now) - box.Day(rapid.IntRange(0, 1).Draw(t, "yesterday"))
			id := box.ID{byte(rapid.IntRange(0, 200).Draw(t, "box"))}
			h := holder(rapid.IntRange(1, 2).Draw(t, "holder"))
			one, ok := w.Token(day, h, id)
			if before, was := spent[one]; ok && was && before != id {
				twice++
			}
			if ok {
				spent[one] = id
			}
			if rapid.IntRange(0, 5).Draw(t, "taken") == 0 {
				w.Refused(day, h, id)
			}
		case 5, 6:
			w.serve()
		case 7: // a kill
			if forgetful {
				w.unreserve()
			}
			w.store.Free = room
			w.start()
		case 8: // an end, and a start
			if err := w.Rest(); err != nil && !errors.Is(err, store.ErrFull) {
				t.Fatal(err)
			}
			w.store.Free = room
			w.start()
		case 9:
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 13).Draw(t, "hours")) * time.Hour)
			w.publish()
			if rapid.IntRange(0, 3).Draw(t, "full") == 0 {
				w.store.Free = func(string) (uint64, error) { return 0, nil }
			}
			if err := w.Turn(w.now); err != nil && !errors.Is(err, store.ErrFull) {
				t.Fatal(err)
			}
			w.store.Free = room
		}
	}
	return twice, len(spent)
}

// unreserve makes of the home what one that notes nothing ahead would have left.
func (w *town) unreserve() {
	err := w.store.Update(func(tx *store.Tx) error {
		return store.Each(tx, bucket, func(name string, r record) error {
			r.Reserved = 0
			return tx.Put(bucket, name, r)
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
