package protocol

import (
	"math"
	"strings"
	"testing"
	"time"

	"murmuration/internal/sphinx"
)

// The sizes of the default network, as docs/box.md and docs/sphinx.md print them.
func TestSizes(t *testing.T) {
	for suite, packet := range map[string]int{"xwing": 22862, "x25519": 9486} {
		params, err := PacketParams(suite, 3, DefaultPlaintext)
		if err != nil {
			t.Fatal(err)
		}
		if params.PacketSize() != packet || params.Hops() != 5 || params.UserPayload() != 8404 {
			t.Errorf("%s: packets of %d bytes, %d hops, %d of payload", suite, params.PacketSize(),
				params.Hops(), params.UserPayload())
		}
	}
	if CiphertextSize(DefaultPlaintext) != 8272 {
		t.Errorf("ciphertext of %d bytes", CiphertextSize(DefaultPlaintext))
	}
	if _, err := PacketParams("none", 3, DefaultPlaintext); err == nil ||
		!strings.Contains(err.Error(), `"none"`) {
		t.Errorf("a suite that there is not: %v", err)
	}
}

// The services are told apart by their names, as packets carry them.
func TestServices(t *testing.T) {
	for name, id := range map[string]sphinx.RecipientID{"murmuration/boxes": ServiceBoxes,
		"murmuration/drop": ServiceDrop} {
		if got := string(id[:len(name)]); got != name || !Zero(id[len(name):]) {
			t.Errorf("%s is %q", name, id)
		}
	}
}

func TestZero(t *testing.T) {
	for message, want := range map[string]bool{"": true, "\x00": true, "\x00\x00\x00": true,
		"\x01": false, "\x00\x00\x80": false, "\x01\x00\x00": false} {
		if got := Zero([]byte(message)); got != want {
			t.Errorf("%q: %t", message, got)
		}
	}
}

// Days have one length on both sides of 1970, where the seconds change their sign.
func TestDaysBeforeUnix(t *testing.T) {
	last := time.Date(1969, 12, 31, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]uint16{0: 0, 11 * time.Hour: 0, 12 * time.Hour: 1,
		24 * time.Hour: 1, 36 * time.Hour: 2} {
		if got := DayOf(last, last.Add(after)); got != want {
			t.Errorf("%s later is day %d, want %d", after, got, want)
		}
	}
}

func TestDays(t *testing.T) {
	genesis := time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)
	east := time.FixedZone("east", 14*3600)
	for at, want := range map[time.Time]uint16{
		genesis.AddDate(-100, 0, 0):                           0,
		time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC):           0,
		time.Date(2026, 3, 1, 23, 59, 59, 999e6, time.UTC):    0,
		time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC):           1,
		time.Date(2026, 3, 2, 13, 59, 0, 0, east):             0,
		genesis.AddDate(200, 0, 0):                            math.MaxUint16,
		DayStart(genesis, 700):                                700,
		DayStart(genesis, 700).Add(-time.Nanosecond):          699,
		DayStart(time.Date(1960, 1, 1, 0, 0, 0, 0, east), 10): 0,
	} {
		if got := DayOf(genesis, at); got != want {
			t.Errorf("%s is day %d, want %d", at, got, want)
		}
	}
}

// One layer's delay is exponential: its entropy is log2 e.
func TestErlangEntropy(t *testing.T) {
	for layers, want := range map[int]float64{1: math.Log2E,
		2: (2 - (1 - 0.57721566490153286)) / math.Ln2} {
		if got := ErlangEntropy(layers); math.Abs(got-want) > 1e-12 {
			t.Errorf("%d layers: %g bits, want %g", layers, got, want)
		}
	}
	if KeyGrace(time.Hour) != 15*time.Minute {
		t.Error("the grace is not a quarter of the epoch")
	}
}

func TestStreams(t *testing.T) {
	s := Streams{Payload: 10 * time.Second, Loop: 40 * time.Second, Drop: 20 * time.Second}
	for name, c := range map[string]struct{ got, want float64 }{
		"all":           {s.PerSecond(), 0.1 + 0.025 + 0.05},
		"work":          {s.WorkPerSecond(), 0.125},
		"work every":    {s.WorkEvery().Seconds(), 8},
		"no streams":    {Streams{}.PerSecond(), 0},
		"no work":       {Streams{}.WorkPerSecond(), 0},
		"no work every": {Streams{}.WorkEvery().Seconds(), 0},
	} {
		if !(math.Abs(c.got-c.want) <= 1e-6) { // NaN is none of the wanted
			t.Errorf("%s: %g, want %g", name, c.got, c.want)
		}
	}
}
