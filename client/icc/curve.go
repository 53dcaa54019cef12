package icc

import (
	"encoding/binary"
	"fmt"
	"math"
)

// curve is the light that numbers mean: 1,024 steps are more than eight bits can tell apart.
type curve [1025]float64

// at is the light of a number between 0 and 1.
func (c *curve) at(x float64) float64 {
	x = min(max(x, 0), 1) * float64(len(c)-1)
	i := min(int(x), len(c)-2)
	return c[i] + (x-float64(i))*(c[i+1]-c[i])
}

// sample makes a curve of a function; what is no number, or outside of 0 to 1, is brought back.
func sample(f func(float64) float64) (c curve) {
	for i := range c {
		y := f(float64(i) / float64(len(c)-1))
		if math.IsNaN(y) {
			y = 0
		}
		c[i] = min(max(y, 0), 1)
	}
	return c
}

// power is the curve x^g.
func power(g float64) curve { return sample(func(x float64) float64 { return math.Pow(x, g) }) }

// srgb is the curve of sRGB (IEC 61966-2-1).
var srgb = sample(func(x float64) float64 {
	if x <= 0.04045 {
		return x / 12.92
	}
	return math.Pow((x+0.055)/1.055, 2.4)
})

// encode is its inverse.
func encode(y float64) float64 {
	switch {
	case y <= 0:
		return 0
	case y >= 1:
		return 1
	case y <= 0.0031308:
		return 12.92 * y
	}
	return 1.055*math.Pow(y, 1/2.4) - 0.055
}

// parseCurve reads a curveType (10.6) or a parametricCurveType (10.18).
func parseCurve(b []byte) (curve, error) {
	if len(b) < 12 {
		return curve{}, fmt.Errorf("%w: no curve", errProfile)
	}
	switch string(b[:4]) {
	case "curv":
		return parseTable(b)
	case "para":
		return parseFormula(b)
	}
	return curve{}, fmt.Errorf("%w: a curve of type %q", errProfile, b[:4])
}

func parseTable(b []byte) (curve, error) {
	count := int64(binary.BigEndian.Uint32(b[8:]))
	table := b[12:]
	if count > maxCurve || 2*count > int64(len(table)) {
		return curve{}, fmt.Errorf("%w: a curve of %d entries", errProfile, count)
	}
	switch count {
	case 0:
		return power(1), nil
	case 1: // a u8Fixed8Number
		return power(float64(binary.BigEndian.Uint16(table)) / 256), nil
	}
	entry := func(i int) float64 { return float64(binary.BigEndian.Uint16(table[2*i:])) / 0xffff }
	return sample(func(x float64) float64 {
		x *= float64(count - 1)
		i := min(int(x), int(count)-2)
		return entry(i) + (x-float64(i))*(entry(i+1)-entry(i))
	}), nil
}

// parameters is how many numbers each kind of formula has.
var parameters = []int{1, 3, 4, 5, 7}

func parseFormula(b []byte) (curve, error) {
	kind := int(binary.BigEndian.Uint16(b[8:]))
	if kind >= len(parameters) || len(b) < 12+4*parameters[kind] {
		return curve{}, fmt.Errorf("%w: a curve of formula %d", errProfile, kind)
	}
	var v [7]float64 // g, a, b, c, d, e, f
	for i := range parameters[kind] {
		v[i] = fixed(b[12+4*i:])
	}
	return sample(formula(kind, v)), nil
}

// formula is one of table 68: (a·x + b)^g and a straight line before it.
func formula(kind int, v [7]float64) func(float64) float64 {
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		a, b, c, d, e, f = 1, 0, 0, -1, 0, 0
	case 1: // zero before -b/a
		c, d, e, f = 0, -b/a, 0, 0
	case 2: // c before -b/a
		c, d, e, f = 0, -b/a, v[3], v[3]
	case 3:
		e, f = 0, 0
	}
	return func(x float64) float64 {
		if x < d {
			return c*x + f
		}
		return math.Pow(a*x+b, g) + e
	}
}
