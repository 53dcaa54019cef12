package trace

import (
	"math"
	"testing"
)

// Parties of the examples: provider 0, mixes 1 and 2, provider 3.
var hand = Tracer{
	Parties: Parties{Nodes: 4}, Mixing: func(n int32) bool { return n == 1 || n == 2 }, Link: 10,
}

// Two packets meet in mix 1, a third joins one of them in mix 2. By hand: the target leaves
// mix 1 first or second with 1/2 each; mix 2 gets one of the two and a stranger.
func TestTraceByHand(t *testing.T) {
	events := []Event{
		{At: 0, From: 0, To: 1, Size: 1},  // the target
		{At: 1, From: 0, To: 1, Size: 1},  // company
		{At: 20, From: 1, To: 2, Size: 1}, // one of the two
		{At: 21, From: 0, To: 2, Size: 1}, // a stranger
		{At: 30, From: 1, To: 3, Size: 1}, // the other: 1/2
		{At: 40, From: 2, To: 3, Size: 1}, // 1/4
		{At: 41, From: 2, To: 3, Size: 1}, // 1/4
	}
	guesses, err := hand.Trace(events, []int{0})
	if err != nil || len(guesses) != 1 {
		t.Fatalf("%d guesses, %v", len(guesses), err)
	}
	g := guesses[0]
	want := []Candidate{{4, 0.5}, {5, 0.25}, {6, 0.25}}
	for i, c := range g.Mass {
		if i >= len(want) || c != want[i] {
			t.Errorf("candidate %d is %+v", i, c)
		}
	}
	if math.Abs(g.Entropy-1.5) > 1e-12 {
		t.Errorf("entropy %v, by hand 1.5", g.Entropy)
	}
	labels := Labels{Packets: []int64{7, 8, 7, 9, 8, 9, 7}}
	if s, ok := Surprise(g, &labels); !ok || s != 2 {
		t.Errorf("surprise %v, by hand 2", s)
	}
	labels.Packets = []int64{7, 8, 7, 9, 8, 9, 9}
	if s, _ := Surprise(g, &labels); !math.IsInf(s, 1) {
		t.Errorf("surprise %v although the target never came out", s)
	}
	if _, ok := Surprise(g, &Labels{}); ok {
		t.Error("a surprise without labels")
	}
}

// A link is not a mix: until it arrives, a packet keeps no company.
func TestTraceHonoursLinks(t *testing.T) {
	events := []Event{
		{At: 0, From: 0, To: 1, Size: 1},
		{At: 12, From: 0, To: 1, Size: 1},  // arrives at 22
		{At: 15, From: 1, To: 3, Size: 1},  // so this is the target
		{At: 100, From: 1, To: 3, Size: 1}, // and this is not
	}
	guesses, err := hand.Trace(events, []int{0})
	if err != nil || len(guesses) != 1 || guesses[0].Entropy != 0 || len(guesses[0].Mass) != 1 {
		t.Errorf("%+v, %v", guesses, err)
	}
}

func TestTraceRefuses(t *testing.T) {
	made := []Event{{At: 0, From: 1, To: 2, Size: 1}}
	if _, err := hand.Trace(made, nil); err == nil {
		t.Error("a packet that a mix made was accepted")
	}
	open := []Event{{At: 0, From: 0, To: 1, Size: 1}}
	if g, err := hand.Trace(open, []int{0}); err != nil || len(g) != 0 {
		t.Errorf("a target still inside gave %v, %v", g, err)
	}
}
