package level

import (
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"

	"murmuration/configs"

	"murmuration/sim/scenario"
)

// worlds are scenarios of each level that between them use every key which the level reads.
var worlds = map[string][]string{
	"theory": {"[theory]\nformula = \"erlang\"\nargs = { hops = 2, mean = 1 }"},
	"flow": {
		"", "[clients]\nbudget = \"400MB/day\"", "[mix]\nkind = \"pool\"\npool = 5",
		"[mix]\nkind = \"timed\"",
		"[mix]\nkind = \"binomial\"",
		"[link]\nkind = \"uniform\"\ndelay = \"1min\"\nspread = \"1s\"",
		"[adversary]\ncorrupt = 3", "[[cover]]\nrate = \"1/s\"",
	},
	"des": {
		"", "[link]\nkind = \"uniform\"\ndelay = \"1min\"",
		"[link]\nkind = \"matrix\"\nmatrix = [\"1s\"]",
		"[clients]\nbudget = \"400MB/day\"", "[clients]\nsession = \"1h\"\nabsence = \"1h\"",
		"[workload]\nkind = \"messages\"\nfriends = 3", "[workload]\nkind = \"messages\"",
		"[workload]\nkind = \"requests\"",
		"[workload]\nkind = \"groups\"\nposting = \"rollercoaster\"",
		"[workload]\nkind = \"groups\"\n[boxes]\nwatched = 4",
		"[workload]\nkind = \"groups\"\n[boxes]\nreading = \"bulletins\"",
		"[workload]\nkind = \"groups\"\n[boxes]\nreading = \"bulletins\"\n[adversary]\nattack = " +
			"\"withheld\"",
		attacked("drop"), attacked("delay"), attacked("tracing"), attacked("correlation"),
		"[workload]\nkind = \"messages\"\n[adversary]\nattack = \"disclosure\"\nmethod = " +
			"\"background\"",
		"[workload]\nkind = \"groups\"\n[boxes]\nwatched = 4\n[adversary]\nattack = " +
			"\"poll-intersection\"",
	},
	"world": {
		cores, cores + "[clients]\nbudget = \"400MB/day\"",
		cores + "[workload]\nkind = \"requests\"",
		cores + "[clients]\ncount = 40\n[workload]\nkind = \"groups\"\ngroup_size = 3\n" +
			"[boxes]\nreading = \"bulletins\"",
		"[topology]\nkind = \"ring\"\n[mix]\nentry_delay = true\nexit_delay = true\ndelay_cap " +
			"= 10.0\n" +
			"[clients]\nloop_every = \"9s\"\ndrop_every = \"2s\"\n" +
			"[workload]\nkind = \"requests\"\n[adversary]\nattack = \"tracing\"",
	},
}

// cores is a network whose values the real cores take.
const cores = "network = \"fast\"\n"

func attacked(kind string) string {
	return "[workload]\nkind = \"messages\"\n[adversary]\nattack = \"" + kind + "\""
}

// values are two of each unit that a key may have.
var values = map[string]string{
	"count": `[3, 4]`, "number": `[2.0, 3.0]`, "duration": `["20s", "30s"]`,
	"rate": `["2/s", "3/s"]`,
	"size": `["2KiB", "3KiB"]`, "volume": `["300MB/day", "500MB/day"]`, "share": `["20%", "30%"]`,
	"switch": `[true, false]`, "text": `["erlang", "poisson_mix"]`,
}

// special are those for keys that need others: for counts that are bounded by others, lists.
var special = map[string]string{
	"topology.weights": `[[], [1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]]`,
	"link.matrix":      `[["1s"], ["2s"]]`,
	"time.warmup":      `["auto", "20s"]`,
	"boxes.retention":  `["3d", "4d"]`,
}

// alone are keys of which a level takes only one value, or two that are no neighbours: it reads
// them, and refuses the others.
var alone = map[string][]string{
	"flow": {"adversary.observe"}, "des": {"adversary.observe", "topology.kind", "mix.kind"},
	"world": {
		"adversary.observe", "topology.kind", "mix.kind", "mix.entry_delay", "mix.exit_delay",
		"link.kind",
		"clients.retrieval", "boxes.reading", "workload.kind", "workload.posting",
		"adversary.attack",
	},
}

// TestKeysAreReadByTheirLevels changes every key in scenarios of every level: what the level's
// adapter makes of it changes exactly where the key is declared as read.
func TestKeysAreReadByTheirLevels(t *testing.T) {
	for _, k := range scenario.Keys() {
		for level := range worlds {
			if meta(k) || slices.Contains(alone[level], k.Path) {
				continue
			}
			if read := matters(level, k); read != k.Levels.Has(level) {
				t.Errorf("%s is declared as read by %v; that %s reads it is %t", k.Path,
					k.Levels.Names(), level, read)
			}
		}
	}
	if len(scenario.Keys()) < 100 {
		t.Error("control: there are hardly any keys")
	}
}

// meta reports whether a key says how a scenario is read or run and not what is simulated, or is
// one of a list, which the list stands for.
func meta(k scenario.Key) bool {
	head, _, _ := strings.Cut(k.Path, ".")
	return slices.Contains(
		[]string{
			"name", "about", "level", "seed", "network", "cover", "replicate", "limits", "sweep",
			"check",
		}, head) ||
		k.Path == "theory.args"
}

// matters reports whether two values of a key give two plans in some world of a level.
func matters(level string, k scenario.Key) bool {
	choice := values[k.Unit]
	if k.Choices != nil {
		choice = fmt.Sprintf("[%q]", strings.Join(k.Choices, `", "`))
		choice = strings.ReplaceAll(choice, `\"`, `"`)
	}
	if s := special[k.Path]; s != "" {
		choice = s
	}
	for _, world := range worlds[level] {
		for _, pair := range pairs(choice) {
			a, errA := planned(level, world, k.Path, pair[0])
			b, errB := planned(level, world, k.Path, pair[1])
			if errA == nil && errB == nil && !reflect.DeepEqual(a, b) {
				return true
			}
		}
	}
	return false
}

// pairs are all two neighbours of a list in TOML.
func pairs(list string) (all [][2]string) {
	parts := strings.Split(strings.Trim(list, "[]"), ", ")
	if strings.HasPrefix(list, "[[") {
		cut := strings.Index(list, "], [")
		parts = []string{list[1 : cut+1], list[cut+3 : len(list)-1]}
	}
	for i := range parts[1:] {
		all = append(all, [2]string{parts[i], parts[i+1]})
	}
	return all
}

// preset reads a built-in network.
func preset(name string) ([]byte, error) {
	return fs.ReadFile(configs.Network, "network/"+name+".toml")
}

// planned is what a level makes of a world with one key set, whatever that world says of it.
func planned(level, world, key, value string) (any, error) {
	text := "level = \"" + level + "\"\n" + world
	if level == "des" {
		text += "\n[topology]\nkind = \"ring\"\nproviders = 3"
	}
	text += "\n[[sweep]]\n\"" + key + "\" = [" + value + "]"
	f, err := scenario.Parse("x.toml", []byte(text), preset)
	if err != nil {
		return nil, err
	}
	return of(f.Cells[0].Scenario).plan(f.Cells[0]), nil
}
