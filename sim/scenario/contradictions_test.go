package scenario

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"murmuration/internal/config"
)

// bases are sound scenarios of each level, in dotted keys, so that a line can be put behind them.
var bases = map[string]string{
	"theory": "level = \"theory\"\ntheory.formula = \"erlang\"\ntheory.args.mean = 1\n" +
		"theory.args.hops = 2\n",
	"flow":  "level = \"flow\"\n",
	"des":   "level = \"des\"\ntopology.kind = \"ring\"\n",
	"world": "level = \"world\"\nnetwork = \"fast\"\nworkload.kind = \"requests\"\n",
}

// contradictory are lines behind a base, of which the last is wrong, and a word of why.
var contradictory = []struct{ base, lines, word string }{
	{"flow", "topology.layers = 0", "0 is too few"},
	{"flow", "topology.width = 0", "0 is too few"},
	{"flow", "topology.providers = -1", "-1 is too few"},
	{"flow", "topology.weights = [1.0, 2.0]", "2 weights for a width of 10"},
	{"flow", "mix.threshold = 0", "0 is too few"},
	{"flow", "mix.queue = 0", "0 is too few"},
	{"flow", "mix.kind = \"pool\"\nmix.pool = 0", "0 is too few"},
	{"flow", "mix.pool = -1", "-1 is too few"},
	{"flow", "mix.delay_cap = 0.5", "no delay is below 0.5 means"},
	{"flow", "mix.delay_cap = -1.0", "no delay is below -1 means"},
	{"flow", "mix.kind = \"binomial\"\nmix.probability = \"0%\"", "no packet would ever leave"},
	{"flow", "link.kind = \"uniform\"\nlink.delay = \"1s\"\nlink.spread = \"2s\"",
		"less than no time"},
	{"des", "link.kind = \"matrix\"\nlink.matrix = [\"1s\", \"2s\"]", "2 durations are no square"},
	{"des", "link.loss = \"100%\"", "every packet would be lost"},
	{"flow", "clients.count = 0", "0 is too few"},
	{"flow", "clients.count = 1000000001", "more than this tool runs"},
	{"flow", "replicate.max = 100001", "more than this tool runs"},
	{"flow", "replicate.min = 0", "0 is too few"},
	{"des", "clients.spool = 0", "0 is too few"},
	{"des", "clients.session = \"1h\"", "half said"},
	{"des", "clients.absence = \"1h\"", "half said"},
	{"des", "workload.kind = \"groups\"", "nobody watches boxes"},
	{"flow", "replicate.metric = \"a\"", "half said"},
	{"des", "boxes.watched = 4\nworkload.kind = \"groups\"\n" +
		"workload.group_size = 1", "groups of 1"},
	{"des", "workload.kind = \"groups\"\nworkload.posting = \"boxes\"", "nobody watches boxes"},
	{"des", "workload.kind = \"messages\"\nworkload.friends = 1000", "1000 friends among 1000"},
	{"des", "workload.kind = \"messages\"\nworkload.friends_of = 3", "3 clients with 0 friends"},
	{"des", "workload.kind = \"messages\"\nworkload.heavy_weight = 0.0", "is never"},
	{"des", "workload.tries = 0", "0 is too few"},
	{"des", "workload.fanout = 0", "0 is too few"},
	{"flow", "adversary.corrupt = 31", "31 corrupt mixes among 30"},
	{"flow", "adversary.corrupt = -1", "-1 corrupt mixes"},
	{"des", "adversary.node = 30", "no mix 30 among 30"},
	{"des", "adversary.target = 1000", "no client 1000 among 1000"},
	{"des", "adversary.target = -1", "no client -1"},
	{"des", "adversary.rounds = 0", "0 is too few"},
	{"des", "time.duration = \"1h\"\nadversary.from = \"1h\"", "begins after the run"},
	{"flow", "replicate.half_width = 0.5", "half said"},
	{"flow", "workload.kind = \"messages\"", "cannot do workload.kind = messages"},
	{"flow", "adversary.attack = \"drop\"", "cannot do adversary.attack"},
	{"flow", "link.loss = \"1%\"", "cannot do link.loss"},
	{"flow", "mix.capacity = \"5/s\"", "cannot do mix.capacity"},
	{"flow", "measure.targets = 0", "nothing would be traced"},
	{"des", "mix.pool = 3\nmix.kind = \"pool\"", "cannot do mix.kind"},
	{"des", "mix.dummies = \"1/s\"", "cannot do mix.dummies"},
	{"des", "adversary.corrupt = 3", "cannot do adversary.corrupt"},
	{"des", "adversary.attack = \"poll-intersection\"", "nothing to poll"},
	{"des", "adversary.attack = \"tracing\"", "nobody writes anything"},
	{"world", "mix.kind = \"timed\"", "cannot do mix.kind"},
	{"world", "mix.entry_delay = false", "cannot do mix.entry_delay"},
	{"world", "mix.exit_delay = false", "cannot do mix.exit_delay"},
	{"world", "mix.delay_cap = 0.0", "cannot do mix.delay_cap"},
	{"world", "link.kind = \"uniform\"", "cannot do link.kind"},
	{"world", "clients.retrieval = \"push\"", "cannot do clients.retrieval"},
	{"world", "adversary.attack = \"drop\"", "cannot do adversary.attack"},
	{"world", "mix.loop_every = \"1s\"\nadversary.attack = \"tracing\"", "in the way"},
	{"world", "mix.queue = 9", "does not read it"},
	{"theory", "level2 = 1", "unknown key"},
}

// TestContradictionsAreShown: each is refused with its line, as it stands in the file, once;
// without its last line the file is sound, but for lines that only together with it mean something.
func TestContradictionsAreShown(t *testing.T) {
	read := func(text string) error {
		_, err := Parse("x.toml", []byte(text), func(name string) ([]byte, error) {
			return readPreset("x.toml", name, nil)
		})
		return err
	}
	for level, base := range bases {
		if err := read(base); err != nil {
			t.Errorf("control, %s: %v", level, err)
		}
	}
	for _, c := range contradictory {
		text := bases[c.base] + c.lines
		lines := strings.Split(text, "\n")
		last := lines[len(lines)-1]
		err := read(text)
		var file *config.FileError
		if !errors.As(err, &file) || len(file.Problems) != 1 {
			t.Errorf("%s, %q: want one problem: %v", c.base, c.lines, err)
			continue
		}
		p := file.Problems[0]
		if !strings.Contains(p.Text, c.word) {
			t.Errorf("%s, %q: want %q in\n%v", c.base, c.lines, c.word, err)
		}
		shown := fmt.Sprintf("x.toml:%d:1:", len(lines))
		if !strings.Contains(err.Error(), shown) || !strings.Contains(p.Excerpt, last) {
			t.Errorf("%s, %q: want %s and its last line in\n%v", c.base, c.lines, shown, err)
		}
	}
}
