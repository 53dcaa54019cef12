package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

// Duration is a time.Duration that is written with its unit: "250ms", "10s", "1h30m". It is a struct
// so that a bare number can not be taken for nanoseconds.
type Duration struct{ time.Duration }

// UnmarshalText takes what time.ParseDuration takes, but no sign.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf(`%q is no duration: want a number with a unit: "250ms", "10s", "1h"`, b)
	}
	if v < 0 {
		return fmt.Errorf("%q is negative", b)
	}
	d.Duration = v
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.Duration.String()), nil }

// Size is a number of bytes that is written with its unit: "512 KiB", "1.5 GB", "64B".
type Size struct{ Bytes int64 }

var sizeText = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?(B|kB|KB|KiB|MB|MiB|GB|GiB|TB|TiB)$`)

var sizeUnits = map[string]float64{
	"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

// UnmarshalText takes decimal (kB, MB, GB, TB) and binary (KiB, MiB, GiB, TiB) units.
func (s *Size) UnmarshalText(b []byte) error {
	m := sizeText.FindSubmatch(b)
	if m == nil {
		return fmt.Errorf(`%q is no size: want a number with a unit: "512 KiB", "1.5 GB"`, b)
	}
	n, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil || n*sizeUnits[string(m[2])] >= math.MaxInt64 {
		return fmt.Errorf("%q is too large", b)
	}
	s.Bytes = int64(n * sizeUnits[string(m[2])])
	return nil
}

// String is the size in the largest binary unit that is exact.
func (s Size) String() string {
	for _, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if n := int64(sizeUnits[unit]); s.Bytes != 0 && s.Bytes%n == 0 {
			return fmt.Sprintf("%d %s", s.Bytes/n, unit)
		}
	}
	return fmt.Sprintf("%d B", s.Bytes)
}

// MarshalText writes what UnmarshalText reads.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
