package level_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"murmuration/internal/long"
	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
)

// ways are the parts of a post's way to a reader, and all of it.
var ways = []string{
	"way_stored_s_mean", "way_listed_s_mean", "way_asked_s_mean", "way_answered_s_mean",
	"latency_s_mean",
}

// posts runs the shipped scenario at a level, made small, so many times.
func posts(t *testing.T, at string, runs int, change ...string) map[string]stat.Metric {
	t.Helper()
	text, err := os.ReadFile("../../configs/sim/real-posts.toml")
	if err != nil {
		t.Fatal(err)
	}
	small := strings.NewReplacer(append(change, `level = "world"`, `level = "`+at+`"`,
		"count = 40", "count = 10", "groups = 5", "groups = 2", "group_size = 8",
		"group_size = 5", `"5min"`, `"1min"`, `"20min"`, `"5min"`, `"2h"`,
		`"20min"`)...).Replace(string(text))
	f, err := scenario.Parse("real-posts.toml", []byte(small), nil)
	if err != nil {
		t.Fatal(err)
	}
	each := map[string][]stat.Metric{}
	for i := range runs {
		r, err := level.Run(t.Context(), f.Cells[0], i)
		if err != nil {
			t.Fatal(err)
		}
		if all, _ := r.Metric("delivered"); all.Value != 1 { // none is left out of the means
			t.Fatalf("%s: delivered %+v", at, all)
		}
		for _, name := range ways {
			m, _ := r.Metric(name)
			each[name] = append(each[name], m)
		}
	}
	means := map[string]stat.Metric{}
	for name, all := range each {
		if means[name], err = stat.Replicated(all); err != nil {
			t.Fatal(err)
		}
	}
	return means
}

// apart is how many standard errors of their difference the means of a few runs lie from those of
// more, which know better how far runs are spread.
func apart(few, more stat.Metric) float64 {
	return math.Abs(few.Value-more.Value) / more.SD / math.Sqrt(1/float64(few.N)+1/float64(more.N))
}

// TestPostsOverRealCoresAgreeWithTheEventEngine, in all parts of their way: of two means what
// chance allows. The controls: an engine that holds boxes back twice as long, or fetches them twice
// as late, does not.
func TestPostsOverRealCoresAgreeWithTheEventEngine(t *testing.T) {
	long.Only(t)
	const chance = 4
	world, events := posts(t, "world", 3), posts(t, "des", 12)
	for _, name := range ways {
		t.Logf("%-20s %6.2f s by the cores, %6.2f ± %.2f by the event engine", name,
			world[name].Value, events[name].Value, events[name].StdErr)
		if n := apart(world[name], events[name]); n > chance {
			t.Errorf("%s: %.1f standard errors apart", name, n)
		}
	}
	for key, name := range map[string]string{
		`hold = "30s"`: "way_listed_s_mean", `fetch_delay = "40s"`: "way_asked_s_mean",
	} {
		wrong := posts(t, "des", 12, "[boxes]", "[boxes]\n"+key)
		if n := apart(world[name], wrong[name]); n < chance {
			t.Errorf("control: with %s it is only %.1f standard errors apart", key, n)
		}
	}
}
