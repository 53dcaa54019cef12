package provider

// Each test here is of a bug that was there once, with a line of its history.

import (
	"math"
	"testing"
	"time"
)

// History: A network of very busy clients needed less than no disk, and no provider was warned.
//
// TestDemandBeyondCounting: what no number of bytes says is more than any disk.
func TestDemandBeyondCounting(t *testing.T) {
	d := Demand{Listed: 10_000, Every: time.Nanosecond, BoxBytes: 8272, Days: 16}
	if got := d.Disk(); got != math.MaxInt64 {
		t.Errorf("%d bytes", got)
	}
	d.Every = time.Second
	if got, want := d.Disk(), int64(10_000*8272*16*86400); got != want {
		t.Errorf("control: %d bytes, want %d", got, want)
	}
}
