package stat

import (
	"encoding/binary"
	"fmt"
	"math"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// encoded is the longest histogram that UnmarshalBinary reads, far above the largest that
// MarshalBinary writes (28 KiB of buckets before compression), so that a hostile length allocates
// nothing.
const encoded = 1 << 20

// MarshalBinary writes unit (8 bytes, IEEE 754, little-endian) and then HdrHistogram's compressed
// V2 encoding, which its implementations in other languages read.
func (h *Histogram) MarshalBinary() ([]byte, error) {
	body, err := h.h.Encode(hdr.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encoding histogram: %w", err)
	}
	return append(binary.LittleEndian.AppendUint64(nil, math.Float64bits(h.unit)), body...), nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (h *Histogram) UnmarshalBinary(b []byte) error {
	if len(b) < 8 || len(b) > encoded {
		return fmt.Errorf("decoding histogram: %d bytes, want 8 to %d", len(b), encoded)
	}
	unit := math.Float64frombits(binary.LittleEndian.Uint64(b))
	if !(unit > 0) || math.IsInf(unit, 0) {
		return fmt.Errorf("decoding histogram: unit %g", unit)
	}
	inner, err := hdr.Decode(b[8:])
	if err != nil {
		return fmt.Errorf("decoding histogram: %w", err)
	}
	if want := hdr.New(1, decades,
		3); inner.HighestTrackableValue() != want.HighestTrackableValue() ||
		inner.SignificantFigures() != want.SignificantFigures() ||
		inner.LowestTrackableValue() != want.LowestTrackableValue() {
		return fmt.Errorf("decoding histogram: its range is not that of this program")
	}
	h.unit, h.h = unit, inner
	return nil
}
