package app

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// device is one of somebody who plays.
type device struct {
	began bool
	state []byte
}

func (d *device) hear(t *testing.T, s Said) error {
	t.Helper()
	state, err := fourInARow{}.Heard(d.state, s)
	if err == nil {
		d.state = state
	}
	return err
}

func (d *device) game(t *testing.T) game {
	t.Helper()
	g, err := gameOf(d.state)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

type saying struct {
	began bool
	moves []byte
}

// hears has a device hear what somebody said, which keeps the rules.
func (d *device) hears(t *testing.T, s saying) {
	t.Helper()
	err := d.hear(t, Said{Own: s.began == d.began, Began: s.began, Content: s.moves})
	if err != nil {
		t.Fatal(err)
	}
}

// played is two people with two devices each who play on whatever their devices know, and hear what
// was said in any order, and in the end all of it.
func played(t *testing.T, rng *rand.Rand) []*device {
	t.Helper()
	devices := []*device{{began: true}, {began: true}, {}, {}}
	var said []saying
	for range 1000 {
		d := devices[rng.IntN(4)]
		if len(said) > 0 && rng.IntN(3) > 0 {
			d.hears(t, said[rng.IntN(len(said))]) // perhaps again
			continue
		}
		if !d.began && d.state == nil {
			continue // nothing to answer yet
		}
		b, err := fourInARow{}.Say(d.state, []string{string(rune('1' + rng.IntN(columns)))})
		if err != nil {
			continue
		}
		said = append(said, saying{d.began, b})
		d.hears(t, said[len(said)-1])
	}
	for range 2 {
		for _, d := range devices {
			for _, s := range said {
				d.hears(t, s)
			}
		}
	}
	return devices
}

// TestDevicesAgree: two people with two devices each play on whatever their devices know, what they
// say comes in any order, twice, and late; in the end all have the same game, and nobody's answer
// was taken away.
func TestDevicesAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	over, twice := 0, 0
	for range 150 {
		devices := played(t, rng)
		first := devices[0].game(t)
		for _, d := range devices {
			g := d.game(t)
			if string(g.Moves) != string(first.Moves) || g.Begun != d.began {
				t.Fatalf("one has %v, another %v", first.Moves, g.Moves)
			}
			if g.Twice {
				twice++
			}
		}
		if _, won, _ := play(first.Moves); won || len(first.Moves) == most {
			over++
		}
	}
	if over < 20 || twice < 50 {
		t.Errorf("control: %d games were over, %d saw two moves in a turn", over, twice)
	}
}

// answered is a device that has answered a first move, 4, with the same, and hears games from the
// contact.
func answered(t *testing.T) (ben *device, theirs func(moves ...byte) error) {
	t.Helper()
	ben = &device{}
	theirs = func(moves ...byte) error {
		return ben.hear(t, Said{Began: len(moves)%2 == 1, Content: moves})
	}
	if err := theirs(3); err != nil {
		t.Fatal(err)
	}
	b, err := fourInARow{}.Say(ben.state, []string{"4"})
	if err != nil {
		t.Fatal(err)
	}
	ben.hears(t, saying{false, b})
	return ben, theirs
}

// TestRules: what is against them is refused.
func TestRules(t *testing.T) {
	ben, _ := answered(t)
	for name, bad := range map[string][]byte{
		"no column": {3, 3, 7}, "a full column": {0, 0, 0, 0, 0, 0, 0}, "nothing": {},
		"beyond the end": {0, 1, 0, 1, 0, 1, 0, 1, 2}, "much": make([]byte, 1000),
	} {
		if err := ben.hear(t, Said{Began: true, Content: bad}); !errors.Is(err, errRules) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, s := range map[string]Said{
		"his move for him":  {Began: true, Content: []byte{3, 2}},
		"hers as if it was": {Began: false, Content: []byte{3}},
	} {
		if err := ben.hear(t, s); !errors.Is(err, errRules) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCheats: games that keep the rules, and have moves that nobody made, change nothing.
func TestCheats(t *testing.T) {
	ben, theirs := answered(t)
	for _, lie := range [][]byte{{2}, {3, 2, 3}, {3, 0, 3, 1, 3, 2, 3}} {
		if err := theirs(lie...); err != nil {
			t.Errorf("%v is a game as such: %v", lie, err)
		}
	}
	if g := ben.game(t); string(g.Moves) != "\x03\x03" {
		t.Errorf("the game is %v", g.Moves)
	}
	v := fourInARow{}.Show(ben.state)
	if !v.Open || v.Turn || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "more was played") {
		t.Errorf("%+v", v)
	}
	if _, err := (fourInARow{}).Say(ben.state, []string{"1"}); !errors.Is(err, errTurn) {
		t.Errorf("twice in a row: %v", err)
	}
	for range 100 { // what they say besides pushes out only what they said
		_ = theirs(3, 0, byte(len(ben.state)%columns))
	}
	if err := theirs(3, 3, 4); err != nil || string(ben.game(t).Moves) != "\x03\x03\x04" {
		t.Errorf("the game went on as %v, %v", ben.game(t).Moves, err)
	}
	if len(ben.state) > maxContent {
		t.Errorf("the state has %d bytes", len(ben.state))
	}
}

// TestFours: across, down and aslant, and in no other way.
func TestFours(t *testing.T) {
	for moves, want := range map[string]bool{
		"0011223": true, "6655443": true, "0101010": true, "01122323363": true, "65544343303": true,
		"001122": false, "010101": false, "0112232336": false, "0022334": false,
	} {
		b := []byte(moves)
		for i := range b {
			b[i] -= '0'
		}
		if _, won, err := play(b); err != nil || won != want {
			t.Errorf("%s: won %v, %v", moves, won, err)
		}
	}
}
