package scenario

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of virtual time, written with its unit: "50ms", "1m30s", "10min", "14d".
type Duration struct{ time.Duration }

// Rate is a number of events per second, written "5000/s", "2/min", "10/h" or "3/day".
type Rate struct{ PerSecond float64 }

// Size is a number of bytes, written "22862B", "64KiB", "2GiB" or "16MB".
type Size struct{ Bytes float64 }

// Volume is a number of bytes per day, written "400MB/day"; "5KB/s" is fine too.
type Volume struct{ PerDay float64 }

// Share is a part of a whole between 0 and 1, written "10%".
type Share struct{ Of float64 }

var (
	secondsIn = map[string]float64{"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "day": 86400}
	bytesIn   = map[string]float64{"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
)

const maxDays = 36525 // a hundred years, which two of still fit into a time.Duration

// UnmarshalText reads a duration of at most a hundred years; days may be written with "d".
func (d *Duration) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if minutes, found := strings.CutSuffix(s, "min"); found {
		s = minutes + "m"
	}
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, err := strconv.ParseFloat(days, 64)
	if err != nil || !(math.Abs(n) <= maxDays) {
		return fmt.Errorf("%q is not a duration", s)
	}
	var tail time.Duration
	if rest != "" {
		if tail, err = time.ParseDuration(rest); err != nil || math.Abs(tail.Hours()) > 24*maxDays {
			return fmt.Errorf("%q is not a duration", s)
		}
	}
	d.Duration = time.Duration(n*float64(24*time.Hour)) + tail
	return nil
}

// UnmarshalText reads a rate; the part after the slash is required.
func (r *Rate) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(string(text), "/")
	seconds, known := secondsIn[unit]
	n, err := finite(number)
	if err != nil || !known {
		return fmt.Errorf("%q is not a rate", text)
	}
	if r.PerSecond = n / seconds; math.IsInf(r.PerSecond, 0) {
		return fmt.Errorf("%q is not a rate", text)
	}
	return nil
}

// UnmarshalText reads a size; the unit is required.
func (s *Size) UnmarshalText(text []byte) error {
	n, err := parseBytes(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a size", text)
	}
	s.Bytes = n
	return nil
}

// UnmarshalText reads a volume per time; both units are required.
func (v *Volume) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(string(text), "/")
	n, err := parseBytes(number)
	seconds, known := secondsIn[unit]
	if err != nil || !known {
		return fmt.Errorf("%q is not a volume per time", text)
	}
	if v.PerDay = n * secondsIn["day"] / seconds; math.IsInf(v.PerDay, 0) {
		return fmt.Errorf("%q is not a volume per time", text)
	}
	return nil
}

// UnmarshalText reads a percentage between 0 and 100.
func (s *Share) UnmarshalText(text []byte) error {
	number, found := strings.CutSuffix(string(text), "%")
	n, err := finite(number)
	if err != nil || !found || n < 0 || n > 100 {
		return fmt.Errorf("%q is not a share", text)
	}
	s.Of = n / 100
	return nil
}

func parseBytes(s string) (float64, error) {
	digits := strings.TrimRight(s, "BKMGTi")
	unit, known := bytesIn[s[len(digits):]]
	n, err := finite(digits)
	if err == nil && !known {
		err = errors.New("unknown unit")
	}
	if err == nil && math.IsInf(n*unit, 0) {
		err = errors.New("too large")
	}
	return n * unit, err
}

func finite(s string) (float64, error) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err == nil && (math.IsNaN(n) || math.IsInf(n, 0)) {
		err = errors.New("not a finite number")
	}
	return n, err
}

// quantities reads the text of a key of physical unit in base units: seconds, events per second, bytes, bytes per day, 1.
var quantities = map[string]func(string) (float64, error){
	"duration": func(s string) (float64, error) {
		var d Duration
		err := d.UnmarshalText([]byte(s))
		return d.Seconds(), err
	},
	"rate": func(s string) (float64, error) {
		var r Rate
		err := r.UnmarshalText([]byte(s))
		return r.PerSecond, err
	},
	"size":   func(s string) (float64, error) { var z Size; err := z.UnmarshalText([]byte(s)); return z.Bytes, err },
	"volume": func(s string) (float64, error) { var v Volume; err := v.UnmarshalText([]byte(s)); return v.PerDay, err },
	"share":  func(s string) (float64, error) { var h Share; err := h.UnmarshalText([]byte(s)); return h.Of, err },
}
