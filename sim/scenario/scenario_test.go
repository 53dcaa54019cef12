package scenario

import (
	"errors"
	"io/fs"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"murmuration/internal/config"
)

func parse(text string) (*File, error) {
	return Parse("x.toml", []byte(text),
		func(string) ([]byte, error) { return nil, fs.ErrNotExist })
}

func mustParse(t *testing.T, text string) *File {
	t.Helper()
	f, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDefaultsFillAnEmptyFile(t *testing.T) {
	f := mustParse(t, "")
	s := f.Cells[0].Scenario
	if len(f.Cells) != 1 || s.Topology.Layers != 3 || s.Mix.MeanDelay.Duration != time.Second ||
		s.Limits.Memory.Bytes != 4<<30 {
		t.Errorf("%d cells, %+v", len(f.Cells), s)
	}
	if want := 1000.0; s.Clients.Rate.PerSecond != want {
		t.Errorf("rate %g, want %g from count and payload_every", s.Clients.Rate.PerSecond, want)
	}
}

func TestByteOrderMark(t *testing.T) {
	text := "name = \"x\"\n[topology]\nlayers = 2\n"
	marked, plain := mustParse(t, "\xef\xbb\xbf"+text), mustParse(t, text)
	if marked.Hash != plain.Hash || marked.Cells[0].Scenario.Topology.Layers != 2 {
		t.Errorf("%+v", marked.Cells[0].Scenario)
	}
}

// Every field of the struct is a documented key, and every documented key is a field.
func TestKeysAreTheFields(t *testing.T) {
	fields := map[string]bool{}
	collect("", reflect.TypeFor[Scenario](), fields)
	for _, k := range Keys() {
		if !fields[k.Path] {
			t.Errorf("%s is documented but is no field", k.Path)
		}
		delete(fields, k.Path)
		if k.Meaning == "" || k.Unit == "" {
			t.Errorf("%s has no meaning or unit", k.Path)
		}
	}
	for path := range fields {
		t.Errorf("%s is a field but not documented", path)
	}
}

func collect(prefix string, t reflect.Type, into map[string]bool) {
	for i := range t.NumField() {
		field := t.Field(i)
		path := prefix + field.Tag.Get("toml")
		inner := field.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		isTable := inner.Kind() == reflect.Struct &&
			!reflect.PointerTo(inner).Implements(
				reflect.TypeFor[interface{ UnmarshalText([]byte) error }]())
		if !isTable || path == "check" || path == "cover" || path == "check.row" {
			into[path] = true
		}
		if isTable {
			collect(path+".", inner, into)
		}
	}
}

func TestSweepIsAUnionOfGrids(t *testing.T) {
	f := mustParse(t, `
[link]
delay = "50ms"
[[sweep]]
"mix.end_to_end" = ["5s", "2s"]
topology.layers = [1, 2, 3]
[[sweep]]
"mix.end_to_end" = ["250ms"]
"topology.layers" = [1]
`)
	if len(f.Cells) != 7 {
		t.Fatalf("%d cells, want 7", len(f.Cells))
	}
	if got := f.Cells[1].Label(); got != "mix.end_to_end=5s topology.layers=2" {
		t.Errorf("second cell is %q: the last key shall vary fastest", got)
	}
	if got := f.Cells[1].Scenario.Mix.MeanDelay.Duration; got != 2425*time.Millisecond {
		t.Errorf("mean delay %s, want (5s - 3*50ms)/2", got)
	}
	if f.Cells[6].Scenario.Topology.Layers != 1 {
		t.Errorf("last cell: %+v", f.Cells[6].Params)
	}
}

func TestCorruptFractionAndBudget(t *testing.T) {
	f := mustParse(t,
		"[adversary]\ncorrupt_fraction = \"20%\"\n[clients]\nbudget = \"400MB/day\"\nloop_every "+
			"= \"4s\"")
	s := f.Cells[0].Scenario
	if s.Adversary.Corrupt != 6 {
		t.Errorf("%d corrupt of 30, want 6", s.Adversary.Corrupt)
	}
	if v := s.Clients.Volume(); v < 399.9e6 || v > 400.1e6 {
		t.Errorf("an idle client sends %g bytes a day, want the budget", v)
	}
	if r := float64(s.Clients.LoopEvery.Duration) /
		float64(s.Clients.PayloadEvery.Duration); r < 3.99 || r > 4.01 {
		t.Errorf("loop to payload is %g, want 4 as before the budget", r)
	}
}

// What is wrong with swept values is shown at the sweep, by the key's whole name.
func TestSweptValuesAreReadAlike(t *testing.T) {
	for _, c := range []struct{ sweep, want string }{
		{`"mix.mean_delay" = ["1s", "5"]`, `x.toml:2:1: mix.mean_delay: "5" is no duration`},
		{`topology.layers = [1, "two"]`,
			"x.toml:2:1: topology.layers: want a whole number, not a TOML string"},
		{`"clients.cover" = [1]`,
			"x.toml:2:1: clients.cover: want true or false, not a TOML integer"},
		{`"link.loss" = ["101%"]`, `x.toml:2:1: link.loss: "101%" is no share`},
		{`"theory.args.mean" = ["x"]`,
			"x.toml:2:1: theory.args.mean: want a number, not a TOML string"},
	} {
		if _, err := parse("[[sweep]]\n" + c.sweep + "\n"); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.sweep, err, c.want)
		}
	}
}

// Each line: what is wrong, where it must be found, and a word of the help. The control is that the
// same file without the wrong line is accepted.
func TestRefusals(t *testing.T) {
	const good = "name = \"x\"\n[topology]\nlayers = 3\nwidth = 2\n"
	mustParse(t, good)
	if _, err := parse("network = \"gone.toml\"\n" + good); err == nil ||
		!strings.Contains(err.Error(), "x.toml:1:1: network: reading the preset") {
		t.Errorf("a preset that is not there: %v", err)
	}
	for _, c := range []struct{ add, where, word string }{
		{"layres = 4", ":5:", `unknown key "topology.layres": did you mean "layers"?`},
		{"mean_delay = \"1s\"", ":5:", `unknown key "topology.mean_delay": it belongs into [mix]`},
		{"[mix]\nmean_delay = 5", ":6:", "want text in quotes"},
		{"[mix]\nmean_delay = \"5\"", ":6:",
			`"5" is no duration: want a number with a unit: "250ms"`},
		{"[mix]\nmean_delay = \"0s\"", ":6:", "zero means nothing"},
		{"[mix]\nmean_delay = \"-1s\"", ":6:", "negative"},
		{"[mix]\nmean_delay = \"1s\"\nend_to_end = \"5s\"", ":7:", "Keep one of the two"},
		{"[mix]\nend_to_end = \"1s\"\n[link]\ndelay = \"250ms\"", ":6:", "nothing is left"},
		{"[mix]\nkind = \"poison\"", ":6:", "Did you mean \"poisson\""},
		{"[clients]\nrate = \"0/s\"", ":6:", "zero"},
		{"[clients]\nrate = 5000", ":6:", "want text in quotes"},
		{"[clients]\nrate = \"5000\"", ":6:", "5000/s"},
		{"[clients]\nbudget = \"400MB\"", ":6:", "400MB/day"},
		{"[clients]\ncount = \"many\"", ":6:", "whole number"},
		{"[adversary]\ncorrupt = 7", ":6:", "7 corrupt mixes among 6"},
		{"[adversary]\ncorrupt_fraction = 0.2", ":6:", "want text in quotes"},
		{"[time]\nduration = \"10s\"\n[adversary]\nwindow = \"11s\"", ":8:", "longer than the run"},
		{"[time]\nwarmup = \"soon\"", ":6:", "auto"},
		{"[replicate]\nmin = 9\nmax = 3", ":7:", "at most 3 but at least 9"},
		{"[[sweep]]\n\"mix.men_delay\" = [\"1s\"]", ":6:", "Did you mean mix.mean_delay"},
		{"[[sweep]]\n\"mix.mean_delay\" = [\"1s\", \"0s\"]", "mix.mean_delay=0s",
			"zero means nothing"},
		{"[[sweep]]\n\"mix.mean_delay\" = [1]", ":6:", "want text in quotes"},
		{"[[sweep]]\n\"mix.mean_delay\" = \"1s\"", ":6:", "list of values"},
		{"[[check]]\nmetric = \"shannon_bits\"", ":5:", "asserts nothing"},
		{"[[check]]\nmetric = \"shannon_bits\"\nrow = { id = \"F1\", setup = \"x\", metric = " +
			"\"y\" }", ":5:", "no published row"},
		{"[workload]\nkind = \"groups\"", ":6:", "Set level"},
		{"[workload]\nfriends_of = 1", ":6:", "Give workload.friends"},
		{"layers = 5", ":5:", "already"},
		{"[[check]]\nmetric = \"a\"\nmin = 1\n[[check]]\nmetric = \"b\"", ":8:", "asserts nothing"},
		{"[mix]\nmean_delay = \"1s", ":6:", "unterminated"},
	} {
		_, err := parse(good + c.add)
		if err == nil {
			t.Errorf("%q was accepted", c.add)
			continue
		}
		var ps *config.FileError
		if text := err.Error(); !errors.As(err, &ps) || !strings.Contains(text, c.where) ||
			!strings.Contains(text, c.word) {
			t.Errorf("%q: want %s and %q in:\n%s", c.add, c.where, c.word, text)
		}
	}
}

// The sizes are those of the default networks, in docs/sphinx.md.
func TestPresetsGiveTheNetworkItsValues(t *testing.T) {
	for name, want := range map[string]struct {
		frame, volume float64
	}{"default": {22862 + 32, 390e6}, "x25519": {9486 + 32, 395e6}} {
		f, err := Parse("x.toml", []byte("network = \""+name+"\"\nlevel = \"des\""),
			func(name string) ([]byte, error) { return readPreset("x.toml", name, nil) })
		if err != nil {
			t.Fatal(err)
		}
		s := f.Cells[0].Scenario
		if float64(s.Clients.Packet.Bytes) != want.frame ||
			math.Abs(s.Clients.Volume()/want.volume-1) > 0.05 {
			t.Errorf("%s: frames of %d bytes, %g bytes a day", name, s.Clients.Packet.Bytes,
				s.Clients.Volume())
		}
		if s.Topology.Kind != "ring" || s.Boxes.Reading != "bulletins" ||
			s.Mix.MeanDelay.Duration != 2*time.Second || s.Mix.DelayCap != 10 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
