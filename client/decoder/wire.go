package decoder

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"murmuration/client/fault"
	"murmuration/client/picture"
)

// task is what is to be done.
type task uint8

const (
	prepare task = 1 + iota
	renew
	renewThumb
	inspect
)

// request is what goes in.
type request struct {
	Do       task   `cbor:"1,keyasint"`
	File     []byte `cbor:"2,keyasint"`
	MaxFile  int    `cbor:"3,keyasint,omitempty"`
	MaxThumb int    `cbor:"4,keyasint,omitempty"`
	Width    int    `cbor:"5,keyasint,omitempty"` // as announced
	Height   int    `cbor:"6,keyasint,omitempty"`
}

// answer is what comes out.
type answer struct {
	Fault  uint8           `cbor:"1,keyasint,omitempty"` // of faults, from 1
	Detail string          `cbor:"2,keyasint,omitempty"` // of the fault
	JPEG   []byte          `cbor:"3,keyasint,omitempty"`
	Thumb  []byte          `cbor:"4,keyasint,omitempty"`
	Width  int             `cbor:"5,keyasint,omitempty"`
	Height int             `cbor:"6,keyasint,omitempty"`
	Notes  []picture.Note  `cbor:"7,keyasint,omitempty"`
	Found  []picture.Found `cbor:"8,keyasint,omitempty"`
}

// Limits, in bytes.
const (
	maxRequest = picture.MaxFile + 1<<10
	maxAnswer  = 1 << 20
	maxDetail  = 200
	maxFound   = 40
	maxValue   = 512
)

// faults are those that an answer can be, by their place.
var faults = []*fault.Fault{
	picture.ErrNotPicture, picture.ErrTooLarge, picture.ErrCut, picture.ErrHEIC, picture.ErrAVIF,
	picture.ErrDrawing, picture.ErrAnnounced,
}

var (
	encMode = must(cbor.CanonicalEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxNestedLevels: 4,
		MaxArrayElements: 128, MaxMapPairs: 16,
		UTF8: cbor.UTF8RejectInvalid,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic("decoder: CBOR mode: " + err.Error())
	}
	return v
}

// parse reads what encMode wrote, and nothing else.
func parse[T any](b []byte, most int) (v T, err error) {
	if len(b) > most {
		return v, fmt.Errorf("a message of %d bytes", len(b))
	}
	if err := decMode.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("reading a message: %w", err)
	}
	again, err := encMode.Marshal(v)
	if err != nil || string(again) != string(b) {
		return v, errors.New("a message that is not in canonical form")
	}
	return v, nil
}

// check refuses an answer that no decoder of ours gives.
func (a answer) check(r request) error {
	switch {
	case a.Fault != 0:
		if int(a.Fault) > len(faults) || len(a.Detail) > maxDetail || a.JPEG != nil {
			return errors.New("a fault that is none")
		}
		return nil
	case r.Do == inspect:
		return a.checkFound()
	case len(a.Found) > 0 || len(a.Notes) > 2:
		return errors.New("more than was asked for")
	}
	for _, n := range a.Notes {
		if !n.Known() {
			return fmt.Errorf("note %d", n)
		}
	}
	width, height, err := picture.Plain(a.JPEG)
	if err == nil && r.Do == prepare {
		if width != a.Width || height != a.Height {
			return errors.New("a picture of another size than it says")
		}
		_, _, err = picture.Plain(a.Thumb)
	}
	return err
}

func (a answer) checkFound() error {
	if len(a.Found) > maxFound || a.JPEG != nil {
		return fmt.Errorf("%d things that were found", len(a.Found))
	}
	for _, f := range a.Found {
		if len(f.What) > maxValue || len(f.Value) > maxValue || f.Bytes < 0 {
			return errors.New("something long that was found")
		}
	}
	return nil
}
