package config

import (
	"encoding"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "write the errors of testdata anew; read the diff")

// settings is a configuration as a node has it.
type settings struct {
	common
	Name   string   `toml:"name"`
	Every  Duration `toml:"every"`
	Cache  Size     `toml:"cache"`
	Count  int      `toml:"count"`
	Share  float64  `toml:"share"`
	Fast   bool     `toml:"fast"`
	Peers  []string `toml:"peers"`
	Edge   edge     `toml:"edge"`
	Mirror []mirror `toml:"mirror"`
	hidden int
}

type common struct {
	Workers int      `toml:"workers"`
	Grace   Duration `toml:"grace"`
}

type edge struct {
	Listen     string   `toml:"listen"`
	MaxClients int      `toml:"max_clients"`
	Timeout    Duration `toml:"timeout"`
}

type mirror struct {
	Addr  string   `toml:"addr"`
	Every Duration `toml:"every"`
}

func (s *settings) Validate() error {
	var list []error
	if s.Count > 10 {
		list = append(list, fmt.Errorf("count: %d is too many, at most 10", s.Count))
	}
	if s.Edge.MaxClients < 1 {
		list = append(list, errors.New("edge.max_clients: want at least 1"))
	}
	if s.Share > 1 {
		list = append(list, errors.New("shares add up to more than 1"))
	}
	return errors.Join(list...)
}

const good = `name = "m1" # a comment
workers = 4
every = "1h30m"
cache = "1.5 GB"
count = 3
share = 0.25
fast = true
peers = ["a", "b"]

[edge]
listen = "127.0.0.1:1"
max_clients = 9

[[mirror]]
addr = "x:1"
every = "5s"
`

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.toml")
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	s := settings{Edge: edge{Timeout: Duration{time.Minute}}, hidden: 7}
	if err := Load(path, &s); err != nil {
		t.Fatal(err)
	}
	if s.Workers != 4 || s.Every.Duration != 90*time.Minute || s.Cache.Bytes != 1_500_000_000 ||
		s.Count != 3 || s.Mirror[0].Every.Duration != 5*time.Second || len(s.Peers) != 2 {
		t.Errorf("%+v", s)
	}
	if s.Edge.Timeout.Duration != time.Minute || s.hidden != 7 {
		t.Error("defaults are lost")
	}
	if err := Load(path+".none", &s); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// A file that is refused changes nothing.
func TestDecodeIsAllOrNothing(t *testing.T) {
	s := settings{Name: "before", Edge: edge{MaxClients: 1}}
	if err := Decode("x", []byte("name = \"after\"\ncount = 11\n"), &s); err == nil ||
		s.Name != "before" {
		t.Errorf("%v, %q", err, s.Name)
	}
	if err := Decode("x", make([]byte, maxFile+1), &s); err == nil {
		t.Error("a file of more than MaxFile bytes is taken")
	}
}

// TestErrors runs the files in testdata: a configuration, a line of four dashes, what people are
// told.
func TestErrors(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) < 8 {
		t.Fatalf("%d files", len(files))
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		input, want, _ := strings.Cut(strings.ReplaceAll(string(b), "\r\n", "\n"), "----\n")
		err = Decode("node.toml", []byte(input), &settings{Edge: edge{MaxClients: 1}})
		if err == nil {
			t.Errorf("%s: taken", file)
			continue
		}
		got := err.Error() + "\n"
		if *rewrite {
			if err := os.WriteFile(file, []byte(input+"----\n"+got), 0o666); err != nil {
				t.Fatal(err)
			}
		} else if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s\n(go test -run TestErrors -rewrite, and read the diff)",
				file, got, want)
		}
	}
}

func TestUnits(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"250ms": 250 * time.Millisecond, "1h30m": 90 * time.Minute, "0s": 0,
		"10min": 10 * time.Minute,
		"14d":   14 * 24 * time.Hour, "1d2h": 26 * time.Hour, "1.5d": 36 * time.Hour,
		"5": -1, "": -1, "-5s": -1, "d": -1, "NaNd": -1, "1d-2h": -1, "-1d": -1, "36526d": -1,
		"1 day": -1,
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); (err == nil) != (want >= 0) ||
			err == nil && d.Duration != want {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
	for text, want := range map[string]int64{
		"64B": 64, "512 KiB": 512 << 10, "1.5 GB": 15e8, "2 TiB": 2 << 40, "1kB": 1000, "": -1,
		"5": -1, "5 kb": -1, "-1 B": -1, "1e9 B": -1, "99999999999 TiB": -1,
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); (err == nil) != (want >= 0) ||
			err == nil && s.Bytes != want {
			t.Errorf("%q: %v, %v", text, s.Bytes, err)
		}
	}
	for n, want := range map[int64]string{
		0: "0 B", 1000: "1000 B", 1024: "1 KiB", 3 << 30: "3 GiB",
	} {
		s := Size{n}
		var back Size
		if err := back.UnmarshalText([]byte(s.String())); err != nil || back != s ||
			s.String() != want {
			t.Errorf("%d is written %q", n, s)
		}
	}
}

// Editors of some systems begin a file with a byte order mark.
func TestByteOrderMark(t *testing.T) {
	var s settings
	if err := Decode("x", []byte("\xef\xbb\xbf"+good), &s); err != nil || s.Name != "m1" {
		t.Errorf("%v, %q", err, s.Name)
	}
	err := Decode("x", []byte("\xef\xbb\xbfnane = 1\n"), &s)
	if err == nil || !strings.HasPrefix(err.Error(), "x:1:1: ") {
		t.Errorf("a fault in its first line: %v", err)
	}
	if err := Decode("x", []byte("\n\xef\xbb\xbfcount = 1\n"), &s); err == nil {
		t.Error("control: it is taken on the second line")
	}
}

// A file full of faults is refused at once: what is told is bounded.
func TestManyFaults(t *testing.T) {
	for _, line := range []string{
		"[[mirror]]\naddr = 5\n", "[[mirror]]\nevery = 5\n", "[[mirror]]\nadr = \"x\"\n",
	} {
		err := Decode("x", []byte(strings.Repeat(line, 3_000)),
			&settings{Edge: edge{MaxClients: 1}})
		var file *FileError
		if !errors.As(err, &file) || len(file.Problems) > maxProblems ||
			!strings.HasPrefix(err.Error(), "x:2:") {
			t.Errorf("%.100s", err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(good)
	f.Add("evry = 5\n[edge]\nmax_clients = 'x'\n")
	f.Add("[[mirror]]\nevery = 5\n[mirror.x]\n")
	f.Add("every = 1\nevery = 2\n= 3\n")
	f.Add("edge = { max_clients = 1, liste = 'x' }\n")
	f.Fuzz(func(t *testing.T, text string) {
		err := Decode("fuzz.toml", []byte(text), new(settings))
		var file *FileError
		if err != nil && errors.As(err, &file) && len(file.Problems) == 0 {
			t.Fatal("an error without a problem")
		}
	})
}

func FuzzUnits(f *testing.F) {
	for _, s := range []string{
		"", "1s", "14d", "-3h", "5/s", "1e9/day", "64KiB", "1.5 GB", "B", "/", "10%", "%", "1e400s",
		"10min", "min",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s Size
		var d Duration
		var r Rate
		var v Volume
		var h Share
		for unit, n := range map[string]float64{
			"size":     read(&s, text, func() float64 { return float64(s.Bytes) }),
			"duration": read(&d, text, func() float64 { return d.Seconds() }),
			"rate":     read(&r, text, func() float64 { return r.PerSecond }),
			"volume":   read(&v, text, func() float64 { return v.PerDay }),
			"share":    read(&h, text, func() float64 { return h.Of }),
		} {
			if !(n >= 0) || math.IsInf(n, 0) {
				t.Errorf("%q is a %s of %g", text, unit, n)
			}
		}
	})
}

// read is the amount that a text gives; 0 where it is refused.
func read(into encoding.TextUnmarshaler, text string, amount func() float64) float64 {
	if into.UnmarshalText([]byte(text)) != nil {
		return 0
	}
	return amount()
}
