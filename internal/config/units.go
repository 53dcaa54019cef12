package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time that is written with its unit: "250ms", "1h30m", "10min", "14d". It
// is a struct so that a bare number can not be taken for nanoseconds.
type Duration struct{ time.Duration }

// Size is a number of bytes that is written with its unit: "512 KiB", "1.5 GB", "64B".
type Size struct{ Bytes int64 }

// Rate is a number of events per second, written "5000/s", "2/min", "10/h" or "3/day".
type Rate struct{ PerSecond float64 }

// Volume is a number of bytes per day, written "400MB/day"; "5KB/s" is fine too.
type Volume struct{ PerDay float64 }

// Share is a part of a whole between 0 and 1, written "10%".
type Share struct{ Of float64 }

// example is what people are told to write where a type with units has none or a wrong one.
func example(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Duration]():
		return durationExample
	case reflect.TypeFor[Size]():
		return sizeExample
	case reflect.TypeFor[Rate]():
		return rateExample
	case reflect.TypeFor[Volume]():
		return volumeExample
	case reflect.TypeFor[Share]():
		return shareExample
	}
	return "not a bare value"
}

const (
	durationExample = `with a unit: "250ms", "10s", "1h"`
	sizeExample     = `with a unit: "512 KiB", "1.5 GB"`
	rateExample     = `with a unit: "5000/s", "3/day"`
	volumeExample   = `with its units: "400MB/day"`
	shareExample    = `in percent: "10%"`
)

var (
	secondsIn = map[string]float64{"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "day": 86400}
	bytesIn   = map[string]float64{
		"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
)

// longest bounds a duration: of a hundred years two still fit into a time.Duration.
const longest = 36525 * 24 * time.Hour

// UnmarshalText takes what time.ParseDuration takes, but no sign; "min" for minutes, and days in
// front.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := parseDuration(string(text))
	switch {
	case err != nil && tooLong(string(text)):
		return fmt.Errorf("%q is longer than a hundred years", text)
	case err != nil:
		return fmt.Errorf(`%q is no duration: want a number `+durationExample, text)
	case v < 0:
		return fmt.Errorf("%q is negative", text)
	case v > longest:
		return fmt.Errorf("%q is longer than a hundred years", text)
	}
	d.Duration = v
	return nil
}

func parseDuration(s string) (time.Duration, error) {
	if minutes, found := strings.CutSuffix(s, "min"); found {
		s = minutes + "m"
	}
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := finite(days)
	if err != nil || math.Abs(n) > longest.Hours()/24 {
		return 0, errors.New("no number of days")
	}
	v := time.Duration(n * float64(24*time.Hour))
	if rest == "" {
		return v, nil
	}
	tail, err := time.ParseDuration(rest)
	if tail < 0 || tail > longest {
		err = errors.New("days and what does not fit to them")
	}
	return v + tail, err
}

// tooLong tells a duration of which only the numbers are wrong: with one digit for each of them it
// is one.
func tooLong(s string) bool {
	_, err := parseDuration(numbers.ReplaceAllString(s, "1"))
	return err == nil && !strings.HasPrefix(s, "-")
}

var numbers = regexp.MustCompile(`[0-9]+`)

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.Duration.String()), nil }

// maxSize bounds a size: from it on a float64 skips numbers.
const maxSize = 1 << 53

// UnmarshalText takes decimal (kB, MB, GB, TB) and binary (KiB, MiB, GiB, TiB) units.
func (s *Size) UnmarshalText(text []byte) error {
	n, err := parseBytes(string(text))
	if err != nil {
		return fmt.Errorf(`%q is no size: want a number `+sizeExample, text)
	}
	if n >= maxSize {
		return fmt.Errorf("%q is too large", text)
	}
	s.Bytes = int64(n)
	return nil
}

// parseBytes reads digits with at most one point, at most one space, and a unit.
func parseBytes(s string) (float64, error) {
	digits := strings.TrimRight(s, "BkKMGTi")
	unit, known := bytesIn[s[len(digits):]]
	digits = strings.TrimSuffix(digits, " ")
	whole, part, pointed := strings.Cut(digits, ".")
	if !known || !allDigits(whole) || pointed && !allDigits(part) {
		return 0, errors.New("no number with a unit")
	}
	n, err := finite(digits)
	return n * unit, err
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// String is the size in the largest binary unit that is exact.
func (s Size) String() string {
	for _, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if n := int64(bytesIn[unit]); s.Bytes != 0 && s.Bytes%n == 0 {
			return fmt.Sprintf("%d %s", s.Bytes/n, unit)
		}
	}
	return fmt.Sprintf("%d B", s.Bytes)
}

// MarshalText writes what UnmarshalText reads.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a rate; the part after the slash is required.
func (r *Rate) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(string(text), "/")
	n, err := finite(strings.TrimSpace(number))
	seconds, known := secondsIn[unit]
	if err != nil || !known || math.IsInf(n/seconds, 0) {
		return fmt.Errorf("%q is no rate: want a number "+rateExample, text)
	}
	if n < 0 {
		return fmt.Errorf("%q is negative", text)
	}
	r.PerSecond = n / seconds
	return nil
}

// UnmarshalText reads a volume per time; both units are required.
func (v *Volume) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(string(text), "/")
	n, err := parseBytes(number)
	seconds, known := secondsIn[unit]
	perDay := n * secondsIn["day"] / seconds
	if err != nil || !known || math.IsInf(perDay, 0) {
		return fmt.Errorf("%q is no volume per time: want a number "+volumeExample, text)
	}
	v.PerDay = perDay
	return nil
}

// UnmarshalText reads a percentage between 0 and 100.
func (s *Share) UnmarshalText(text []byte) error {
	number, found := strings.CutSuffix(string(text), "%")
	n, err := finite(strings.TrimSpace(number))
	if err != nil || !found || n < 0 || n > 100 {
		return fmt.Errorf("%q is no share between 0%% and 100%%: want a number %s", text,
			shareExample)
	}
	s.Of = n / 100
	return nil
}

func finite(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err == nil && (math.IsNaN(n) || math.IsInf(n, 0)) {
		err = errors.New("not a finite number")
	}
	return n, err
}
