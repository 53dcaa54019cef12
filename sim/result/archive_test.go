package result

import (
	"bytes"
	"math"
	"testing"

	"murmuration/sim/level"
	"murmuration/sim/stat"
)

func sampleArchive(t testing.TB) []byte {
	t.Helper()
	r := level.Replication{
		Metrics: []stat.Metric{
			level.Exact("a", "s", 1),
			{Name: "b, \"c\"", Value: math.NaN(), StdErr: math.Inf(1), N: 3},
		}, Samples: []level.Sample{
			{Name: "x_s", Values: []float64{1, math.Inf(-1), 0.1}}, {Name: "empty"},
		},
	}
	b, err := archive(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestArchiveReadsBack(t *testing.T) {
	b := sampleArchive(t)
	r, err := parseArchive(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Metrics) != 2 || len(r.Samples) != 2 || r.Samples[0].Values[2] != 0.1 ||
		!math.IsNaN(r.Metrics[1].Value) || !math.IsInf(r.Metrics[1].StdErr, 1) {
		t.Errorf("%+v", r)
	}
	again, err := archive(r)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("read and written again it differs: %v", err)
	}
}

func TestNpyHeaderIsAligned(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100000} {
		b := npy(make([]float64, n))
		if (len(b)-8*n)%64 != 0 || b[len(b)-8*n-1] != '\n' {
			t.Errorf("header of %d numbers has %d bytes", n, len(b)-8*n)
		}
	}
}

// Whatever the bytes, an archive is read or refused; what is read can be written and read again.
func FuzzArchive(f *testing.F) {
	f.Add(sampleArchive(f))
	f.Add([]byte("PK\x05\x06" + string(make([]byte, 18))))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseArchive(b)
		if err != nil {
			return
		}
		if _, err := archive(r); err != nil {
			t.Errorf("read, but not writable: %v", err)
		}
	})
}

func FuzzNpy(f *testing.F) {
	f.Add(npy(nil))
	f.Add(npy([]float64{1, 2, 3}))
	f.Add([]byte(npyMagic + "\x02\x00{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := parseNpy(b)
		if err == nil && len(values)*8 > len(b) {
			t.Errorf("%d numbers from %d bytes", len(values), len(b))
		}
	})
}
