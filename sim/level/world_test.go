package level_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"
	"testing"

	"murmuration/configs"
	"murmuration/internal/long"
	"murmuration/sim/level"
	"murmuration/sim/scenario"
	"murmuration/sim/stat"
	"murmuration/sim/trace"
)

// realCores is the shipped scenario that both levels run, made small: fewer people, for a shorter
// time.
func realCores(t *testing.T, name string) []stat.Metric {
	t.Helper()
	text, err := os.ReadFile("../../configs/sim/" + name)
	if err != nil {
		t.Fatal(err)
	}
	small := strings.NewReplacer("count = 100", "count = 40", `"15min"`, `"4min"`,
		`mean_delay = "1s"`, `mean_delay = "500ms"`,
		`"30s"`, `"10s"`, "targets = 300", "targets = 100").Replace(string(text))
	f, err := scenario.Parse(name, []byte(small), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := level.Validate(f.Cells[0]); err != nil {
		t.Fatal(err)
	}
	each := map[string][]stat.Metric{}
	var order []string
	for i := range 6 {
		r, err := level.Run(t.Context(), f.Cells[0], i)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range r.Metrics {
			if each[m.Name] == nil {
				order = append(order, m.Name)
			}
			each[m.Name] = append(each[m.Name], m)
		}
	}
	var all []stat.Metric
	for _, metric := range order {
		m, err := stat.Replicated(each[metric])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// TestRealCoresAgreeWithTheEventEngine: entropy within 0.05 bit beyond two standard errors, and
// every other metric within what chance allows: of two means of six, four and a half standard
// errors of their difference.
func TestRealCoresAgreeWithTheEventEngine(t *testing.T) {
	long.Only(t)
	world, events := realCores(t, "real-cores.toml"), realCores(t, "real-cores-events.toml")
	for _, name := range []string{
		"shannon_bits_mean", "mix_occupancy_mean", "queue_wait_s_p50", "queue_wait_s_p95",
		"spool_wait_s_p50", "spool_wait_s_p95",
		"round_trip_s_mean", "round_trip_s_p50", "round_trip_s_p90", "round_trip_s_p95",
		"round_trips_completed", "client_packets_per_s",
	} {
		a, ok := level.Metric(world, name)
		b, too := level.Metric(events, name)
		if !ok || !too {
			t.Errorf("%s: measured by the cores: %t, by the event engine: %t", name, ok, too)
			continue
		}
		apart, errors := math.Abs(a.Value-b.Value), math.Hypot(a.StdErr, b.StdErr)
		if apart > 4.5*errors || name == "shannon_bits_mean" && apart > 0.05+2*errors {
			t.Errorf("%s: %.4f by the cores, %.4f by the event engine, %.1f standard errors apart",
				name, a.Value, b.Value, apart/errors)
		}
	}
}

// TestPostsOverRealCores: everybody in a group reads what the others post, once.
func TestPostsOverRealCores(t *testing.T) {
	text, err := os.ReadFile("../../configs/sim/real-posts.toml")
	if err != nil {
		t.Fatal(err)
	}
	small := strings.NewReplacer("count = 40", "count = 6", "groups = 5", "groups = 2",
		"group_size = 8",
		"group_size = 3", `"2h"`, `"30min"`).Replace(string(text))
	f, err := scenario.Parse("real-posts.toml", []byte(small), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := level.Run(t.Context(), f.Cells[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	delivered, _ := r.Metric("delivered")
	latency, _ := r.Metric("latency_s_mean")
	kept, _ := r.Metric("kept_s_mean")
	if delivered.Value != 1 || delivered.N < 10 || latency.N != delivered.N ||
		latency.Value < kept.Value/2 {
		t.Errorf("delivered %+v, latency %+v, kept %+v", delivered, latency, kept)
	}
}

// TestTraceOfTheWorld: a trace is the run itself, the same bytes every time, and watching changes
// nothing.
func TestTraceOfTheWorld(t *testing.T) {
	const text = "level = \"world\"\nnetwork = \"fast\"\n[time]\nwarmup = \"5s\"\nduration = " +
		"\"20s\"\n" +
		"[topology]\nwidth = 2\n[clients]\ncount = 4\n[workload]\nkind = \"requests\"\nevery = " +
		"\"2s\"\n"
	f, err := scenario.Parse("x.toml", []byte(text), preset)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := level.Run(t.Context(), f.Cells[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	watched, err := level.Trace(t.Context(), f.Cells[0], 0, &first)
	if _, again := level.Trace(t.Context(), f.Cells[0], 0, &second); err != nil || again != nil {
		t.Fatal(err, again)
	}
	if fmt.Sprint(plain) != fmt.Sprint(watched) { // not by value: NaN is none
		t.Error("a watched run gives other numbers")
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two traces of one run differ")
	}
	_, events, err := trace.ReadAll(&first, 0)
	if err != nil || len(events) < 500 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// TestRealCoresFilesAreOne: the two shipped files differ in what they say of themselves.
func TestRealCoresFilesAreOne(t *testing.T) {
	said := func(name string) (lines []string) {
		text, err := os.ReadFile("../../configs/sim/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "name") &&
				!strings.HasPrefix(line, "level") {
				lines = append(lines, line)
			}
		}
		return lines
	}
	a, b := fmt.Sprint(said("real-cores.toml")), fmt.Sprint(said("real-cores-events.toml"))
	if a != b {
		t.Errorf("the files of the comparison differ:\n%s\n%s", a, b)
	}
}

func preset(name string) ([]byte, error) {
	return fs.ReadFile(configs.Network, "network/"+name+".toml")
}

// TestWorldRefusesWhatCoresDoNotDo, by the name of the key.
func TestWorldRefusesWhatCoresDoNotDo(t *testing.T) {
	const sound = "level = \"world\"\nnetwork = \"default\"\n"
	for text, want := range map[string]string{
		"[clients]\nretrieval = \"push\"":                        "clients.retrieval",
		"[clients]\nsession = \"1h\"\nabsence = \"1h\"":          "clients.session",
		"[mix]\ncapacity = \"5/s\"":                              "mix.capacity",
		"[mix]\nentry_delay = false":                             "mix.entry_delay",
		"[link]\nkind = \"uniform\"":                             "link.kind",
		"[boxes]\nage_scale = \"2h\"":                            "boxes.age_scale",
		"[workload]\nkind = \"messages\"":                        "workload.kind",
		"[workload]\nkind = \"requests\"\ntries = 3":             "workload.tries",
		"[adversary]\nattack = \"n-1\"":                          "adversary.attack",
		"[mix]\nkind = \"pool\"\npool = 3":                       "mix.kind",
		"[measure]\nsender_rate = \"1/s\"":                       "measure.sender_rate",
		"[adversary]\ncorrupt = 2":                               "adversary.corrupt",
		"[adversary]\nattack = \"tracing\"\n[link]\nloss=\"1%\"": "adversary.attack",
	} {
		_, err := scenario.Parse("x.toml", []byte(sound+text), preset)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a refusal of %s", text, err, want)
		}
	}
	f, err := scenario.Parse("x.toml", []byte(sound+"[mix]\nmean_delay = \"1h\""), preset)
	if err == nil {
		err = level.Validate(f.Cells[0])
	}
	if err == nil || !strings.Contains(err.Error(), "hop_delay_limit") {
		t.Errorf("a delay that no document can say: %v", err)
	}
}
