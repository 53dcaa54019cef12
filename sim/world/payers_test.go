package world_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/exchange"
	"murmuration/sim/world"
)

// market is Ada and Bob, who follows her, where a client gets so many tokens a day; and what became
// of the writes that holders executed.
func market(t *testing.T, tokens int) (
	w *world.World, ada, bob citizen, writes map[box.Status]int,
) {
	t.Helper()
	par := world.Quick()
	par.WriteTokens = tokens
	w, err := world.New(world.Config{
		Seed: 3, Parameters: par, Null: true, Network: world.Network{
			People: []string{"ada", "bob"}, Providers: []string{"p1", "p2", "p3"},
			Layers: [][]string{{"m1", "m2"}, {"m3", "m4"}, {"m5", "m6"}},
		},
	})
	check(t, err)
	writes = map[box.Status]int{}
	for _, name := range []string{"p1", "p2", "p3"} {
		w.Node(name).Holder().Watch(func(r world.Request) {
			if r.Op == box.OpWrite {
				writes[r.Status]++
			}
		})
	}
	ada, bob = live(t, w.Person("ada")), live(t, w.Person("bob"))
	check(t, bob.Follow(ada.Life))
	return w, ada, bob, writes
}

func (c citizen) says(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, err := c.Say(text, nil)
		check(t, err)
	}
}

// TestWritesArePaidFor: people write with the tokens that they got through their providers, and a
// holder refuses who has none, though not where none are given.
func TestWritesArePaidFor(t *testing.T) {
	quick(t)
	t.Parallel()
	for tokens, refused := range map[int]bool{0: false, 300: true} {
		w, ada, bob, writes := market(t, tokens)
		ada.says(t, "one", "two", "three")
		check(t, w.Run(30*time.Second))
		if got := bob.reads("ada"); !slices.Equal(got, []string{"one", "two", "three"}) ||
			writes[box.StatusUnpaid] != 0 {
			t.Errorf("%d tokens: Bob reads %q, the writes: %v", tokens, got, writes)
		}
		c, err := w.JoinAs("eve", "p1", sender.Config{Seed: [32]byte{1}})
		check(t, err)
		var said []box.Status
		c.Listen(func(e sender.Event) {
			if e.Kind == sender.Answered {
				said = append(said, e.Reply.Status)
			}
		})
		cap, err := box.NewWriteCap(constant{})
		check(t, err)
		plain := make([]byte, world.Quick().BoxPlaintext)
		check(t, c.Enqueue(w.Now(), sender.Request{Token: 1, Op: box.OpWrite,
			Box: cap.Seal(cap.Start(), box.NetworkID{}, 0, plain)}))
		check(t, w.Run(20*time.Second))
		want := box.StatusStored
		if refused {
			want = box.StatusUnpaid
		}
		if !slices.Equal(said, []box.Status{want}) {
			t.Errorf("%d tokens: who has none is told %v", tokens, said)
		}
	}
}

// constant is no chance.
type constant struct{}

func (constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 7
	}
	return len(b), nil
}

// TestTokensOutliveKills: a client that is killed again and again, with a post under way each time,
// shows no token for two boxes, and all posts are read.
func TestTokensOutliveKills(t *testing.T) {
	quick(t)
	t.Parallel()
	w, ada, bob, writes := market(t, 300)
	var texts []string
	for i := range 6 {
		texts = append(texts, fmt.Sprint("post ", i))
		ada.says(t, texts[i])
		check(t, w.Run(700*time.Millisecond))
		check(t, ada.Restart())
	}
	check(t, w.Run(40*time.Second))
	if got := bob.reads("ada"); !slices.Equal(got, texts) || writes[box.StatusUnpaid] != 0 {
		t.Errorf("Bob reads %q, the writes: %v", got, writes)
	}
}

// TestProviderSwallowsQuestions: who gets no tokens writes nothing, and reads as always; nothing is
// lost, and goes when there are tokens.
func TestProviderSwallowsQuestions(t *testing.T) {
	quick(t)
	t.Parallel()
	w, ada, bob, writes := market(t, 300)
	swallowed := 0
	w.Person("ada").Carries = func(s sender.Sent) bool {
		up, err := exchange.ParseUp(s.Frame)
		if err == nil && up.Kind == exchange.Tokens {
			swallowed++
			return false
		}
		return true
	}
	ada.says(t, "one", "two")
	check(t, w.Run(60*time.Second))
	if len(bob.reads("ada")) != 0 || swallowed < 6 || len(writes) != 0 || ada.open() != 2 {
		t.Errorf("Bob reads %q, %d questions are gone, writes %v", bob.reads("ada"), swallowed,
			writes)
	}
	w.Person("ada").Carries = nil
	check(t, w.Run(3*time.Minute))
	if got := bob.reads("ada"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("with tokens Bob reads %q", got)
	}
}

// TestHolderTakesNoTokens: a holder that calls every token unpaid keeps nothing from being stored
// and read.
func TestHolderTakesNoTokens(t *testing.T) {
	quick(t)
	t.Parallel()
	w, ada, bob, _ := market(t, 300)
	lies := 0
	w.Node("p3").Holder().Lie(func(r box.Request, honest func() box.Reply) box.Reply {
		if r.Op != box.OpWrite {
			return honest()
		}
		lies++
		return r.Refusal(box.StatusUnpaid)
	})
	ada.says(t, "one", "two", "three", "four")
	check(t, w.Run(90*time.Second))
	if got := bob.reads("ada"); len(got) != 4 || lies == 0 {
		t.Errorf("Bob reads %q, after %d lies", got, lies)
	}
}
