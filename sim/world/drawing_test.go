package world_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "murmuration/internal/drawn"
	"murmuration/sim/world"
)

// drawing is a network as the line that draws it.
func drawing(n world.Network) string {
	groups := [][]string{n.Providers}
	if len(n.People) > 0 {
		groups = [][]string{n.People, n.Providers}
	}
	places := []string{}
	for _, names := range append(groups, n.Layers...) {
		places = append(places, "["+strings.Join(names, " ")+"]")
	}
	return strings.Join(append(places, n.Providers[0]), " -> ")
}

// TestDrawingsReadBack: any network is what its drawing says.
func TestDrawingsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := func(what string, least int) (all []string) {
			for i := range rapid.IntRange(least, 4).Draw(t, what) {
				all = append(all, fmt.Sprint(what, i))
			}
			return all
		}
		n := world.Network{People: names("ada", 0), Providers: names("p", 1)}
		for layer := range rapid.IntRange(0, 3).Draw(t, "layers") {
			n.Layers = append(n.Layers, names(fmt.Sprint("m", layer), 1))
		}
		got, err := world.ParseNetwork(drawing(n))
		if err != nil || !reflect.DeepEqual(got, n) {
			t.Fatalf("%s is read as %+v, %v", drawing(n), got, err)
		}
	})
}

// FuzzParseNetwork: whatever the line, it is refused or a network of providers in which every name
// stands once, and which its drawing gives again.
func FuzzParseNetwork(f *testing.F) {
	f.Add("alice -> p1 -> [m1 m2] -> [m3 m4] -> [m5 m6] -> p2")
	f.Add("u1..u20 -> p1..p3 -> m1 -> [p3 p4]")
	f.Add("[[p1]] -> ]m1[ -> p")
	f.Add("u99999999999999999999..u99999999999999999999 -> p1")
	f.Fuzz(func(t *testing.T, line string) {
		n, err := world.ParseNetwork(line)
		if err != nil {
			return
		}
		all := slices.Concat(append([][]string{n.People, n.Providers}, n.Layers...)...)
		slices.Sort(all)
		if len(slices.Compact(slices.Clone(all))) != len(all) || len(n.Providers) == 0 {
			t.Fatalf("%q is read as %+v", line, n)
		}
		again, err := world.ParseNetwork(drawing(n))
		if err != nil || !reflect.DeepEqual(again, n) {
			t.Fatalf("%q is read as %+v, and that again as %+v, %v", line, n, again, err)
		}
	})
}

// FuzzScript: no line, before the network is drawn or after, can do worse than be refused.
func FuzzScript(f *testing.F) {
	for _, line := range []string{
		"seed 1", "set poll_share NaN", "links -1s people 1h", "authorities 9", "lose NaN%",
		"lose 5% between p1 m1", "part m1 m1", "ada posts a -> b", "ada clock -9000h",
		"in -1s heal", "every 1h 2 times heal", "watch people drops", "p1 answers digest",
		"ada shows 1 x", "m1 crashes without its disk", "ada fetches ada", "p1 falls silent",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) > 60 || strings.Contains(line, "run") || strings.Contains(line, "00000") ||
			strings.Contains(line, "..") {
			return // takes time, which is all that it does
		}
		s := world.NewScript()
		before, _ := s.Do("packets null")
		_, early := s.Do(line)
		if _, err := s.Do("ada -> p1 -> m1 -> p2"); err != nil {
			if early != nil {
				t.Fatalf("%q was refused (%v), and has spoilt the world: %v", line, early, err)
			}
			return
		}
		if _, late := s.Do(line); early == nil && late == nil && strings.TrimSpace(line) != "" {
			t.Fatalf("%q holds before and after the network is drawn; %s", line, before)
		}
	})
}
