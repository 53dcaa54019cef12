package world_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/token"
	"murmuration/sim/world"
)

// flooder is somebody who writes as often as slots come, and wants tokens without end: other ones
// of the same holder and day, when there are no more. What cannot be paid for is paid for with what
// was spent before, is of another holder, or is made up.
type flooder struct {
	*world.Person
	w      *world.World
	chance *rand.ChaCha8
	author *box.WriteCap
	at     box.Index
	number uint64

	stream  *bulletin.Parser
	asked   map[directory.NodeID][]*token.Batch
	turn    int
	batches int
	good    map[directory.NodeID][]box.Token
	spent   []box.Token
	given   map[box.ID]box.Token
	mine    map[box.ID]bool
	said    map[box.Status]int
}

func newFlooder(t *testing.T, w *world.World) *flooder {
	t.Helper()
	f := &flooder{w: w, chance: rand.NewChaCha8([32]byte{66}), stream: bulletin.NewParser(1 << 10),
		asked: map[directory.NodeID][]*token.Batch{},
		good:  map[directory.NodeID][]box.Token{}, given: map[box.ID]box.Token{},
		mine: map[box.ID]bool{}, said: map[box.Status]int{}}
	author, err := box.NewWriteCap(f.chance)
	check(t, err)
	f.author, f.at = author, author.Start()
	f.Person, err = w.JoinAs("mal", "p1", sender.Config{Seed: [32]byte{6}, Tokens: f})
	check(t, err)
	f.Listen(func(e sender.Event) {
		if e.Kind == sender.Answered {
			f.said[e.Reply.Status]++
		}
	})
	f.Came = f.hear
	f.write()
	return f
}

func (f *flooder) today() box.Day { return box.DayOf(f.w.Genesis().Start, f.w.Now()) }

// write has a box always wait.
func (f *flooder) write() {
	format := box.Format{Plaintext: f.w.Genesis().Parameters.BoxPlaintext}
	network := box.NetworkID(f.w.Genesis().ID())
	record := format.Split(1, []byte("flood"))[0]
	sealed := f.author.Seal(f.at, network, f.today(), record.Marshal(format))
	f.at = f.at.Next()
	f.number++
	f.mine[sealed.ID] = true
	_ = f.Enqueue(f.w.Now(), sender.Request{Token: f.number, Op: box.OpWrite, Day: f.today(),
		Box: sealed}) // when its queue is full, that is a flood enough
	f.w.After(f.w.Genesis().Parameters.PayloadEvery, f.write)
}

// Token implements sender.Tokens.
func (f *flooder) Token(_ box.Day, holder [32]byte, id box.ID) (t box.Token, ok bool) {
	if t, again := f.given[id]; again {
		return t, true
	}
	if all := f.good[holder]; len(all) > 0 {
		t, f.good[holder] = all[0], all[1:]
		f.spent = append(f.spent, t)
	} else if n := len(f.spent); n > 0 && f.number%3 > 0 {
		t = f.spent[int(f.number)%n]
	} else {
		f.chance.Read(t[:])
	}
	f.given[id] = t
	return t, true
}

// Question implements sender.Tokens.
func (f *flooder) Question(time.Time) (q exchange.Question, ok bool) {
	doc := f.w.Current()
	if doc == nil || doc.Parameters.WriteTokens == 0 {
		return q, false
	}
	holders := doc.StoringOn(uint16(f.today()))
	of := holders[f.turn%len(holders)]
	f.turn++
	key, known := doc.TokenKey(of, uint16(f.today()))
	batch, err := token.NewBatch(f.chance, token.PublicKey(key),
		doc.Parameters.Batch(len(holders)))
	if !known || err != nil {
		return q, false
	}
	f.asked[of] = append(f.asked[of], batch)
	elements, err := batch.Request()
	return exchange.Question{Day: uint32(f.today()), Holder: of, Elements: elements}, err == nil
}

// Asked implements sender.Tokens.
func (f *flooder) Asked(time.Time) {}

// Hopeless implements sender.Tokens.
func (f *flooder) Hopeless(box.Day, [32]byte) bool { return false }

// hear looks for tokens in what comes down.
func (f *flooder) hear(frame []byte) (kept bool) {
	down, err := exchange.ParseDown(frame, f.w.Params().BodySize())
	if err != nil {
		return false
	}
	records, _ := f.stream.Feed(down.Stream)
	for _, r := range records {
		if r.Tokens != nil {
			f.take(r.Tokens.Holder, r.Tokens.Answer)
		}
	}
	return false
}

func (f *flooder) take(holder directory.NodeID, answer []byte) {
	for _, batch := range f.asked[holder] {
		tokens, err := batch.Finish(answer)
		if err != nil {
			continue
		}
		f.batches++
		for _, t := range tokens {
			f.good[holder] = append(f.good[holder], box.Token(t))
		}
	}
}

// flooded is a network in which somebody floods, and others post.
func flooded(t *testing.T, writeTokens int, third time.Duration) (mal *flooder, stored int,
	read []string) {
	t.Helper()
	network, err := world.ParseNetwork("[ada bob] -> [p1 p2 p3] -> m1 -> m2 -> m3 -> p1")
	check(t, err)
	p := world.Quick()
	p.WriteTokens = writeTokens
	w, err := world.New(world.Config{Seed: 7, Null: true, Parameters: p, Network: network})
	check(t, err)
	ada, bob := live(t, w.Person("ada")), live(t, w.Person("bob"))
	ada.Quick = true
	check(t, bob.Follow(ada.Life))
	mal = newFlooder(t, w)
	seen := map[box.ID]bool{}
	for _, name := range network.Providers {
		w.Node(name).Holder().Watch(func(r world.Request) {
			if r.Op == box.OpWrite && r.Status == box.StatusStored && mal.mine[r.ID] {
				seen[r.ID] = true
			}
		})
	}
	for _, text := range []string{"one", "two", "three"} {
		_, err := ada.Say(text, nil)
		check(t, err)
		check(t, w.Run(third))
	}
	return mal, len(seen), bob.reads("ada")
}

// TestFloodCostsTokens: who writes without end with one key gets no more boxes a day than one batch
// of each holder pays for, and those who pay are read meanwhile. In a network that asks for no
// tokens the same flood is stored.
func TestFloodCostsTokens(t *testing.T) {
	quick(t)
	t.Parallel()
	const tokens = 24
	want := []string{"one", "two", "three"}
	mal, stored, read := flooded(t, tokens, 16*time.Second)
	t.Logf("%d boxes of %d stored, %d batches, answers %v", stored, mal.number, mal.batches,
		mal.said)
	if stored > tokens || stored < tokens/3 || mal.said[box.StatusUnpaid] < 2*tokens {
		t.Errorf("%d boxes of a flooder are stored, for %d tokens; %v", stored, tokens, mal.said)
	}
	if !slices.Equal(read, want) {
		t.Errorf("meanwhile %q was read", read)
	}
	mal, free, _ := flooded(t, 0, 5*time.Second)
	if free <= tokens || mal.said[box.StatusUnpaid] > 0 {
		t.Errorf("control: without tokens %d boxes are stored; %v", free, mal.said)
	}
}
