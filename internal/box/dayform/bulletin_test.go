package dayform

import (
	"bytes"
	"errors"
	"testing"

	"murmuration/internal/box"
)

// FuzzBulletin: what a day keeps of an own bulletin has one spelling, and bytes that say another
// count than there is room for are damage.
func FuzzBulletin(f *testing.F) {
	whole := Bulletin{box.Listings{{Day: 3, ID: box.ID{1}}, {Day: 4, ID: box.ID{2}}},
		[]byte("body")}
	for _, seed := range [][]byte{nil, {0, 0, 0}, {0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff, 1},
		whole.Marshal(), whole.Marshal()[:4+2*listingSize-1]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := ParseBulletin(raw)
		switch {
		case errors.Is(err, ErrDamaged):
		case err != nil || !bytes.Equal(b.Marshal(), raw):
			t.Errorf("%x: %v, or another spelling", raw, err)
		}
	})
}
