package content

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Form is canonical CBOR with limits: maps with no key twice and none that is unknown, no tags, no
// lengths left open, only one spelling of each value.
type Form struct{ mode cbor.DecMode }

// usual is the form of what people say.
var usual = NewForm(4, 16)

// NewForm nests at most so many levels deep, with at most so many pairs in a map; an array has at
// most 128 elements.
func NewForm(levels, pairs int) Form {
	o := decOptions(cbor.ExtraDecErrorUnknownField)
	o.MaxNestedLevels, o.MaxMapPairs = levels, pairs
	return Form{must(o.DecMode())}
}

// Encode is the one form of a value that Decode reads: canonical CBOR.
func Encode(v any) ([]byte, error) {
	b, err := encMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a record: %w", err)
	}
	return b, nil
}

// errForm says that bytes are no value, or one that is written otherwise than Encode does.
var errForm = errors.New("malformed record")

// Decode reads into v, a pointer, what Encode wrote, and refuses every second spelling, unknown
// fields, and what is nested more than four levels deep. What it says is for the caller to check.
func Decode(b []byte, v any) error { return usual.Decode(b, v) }

// Decode is the function of this name, within the limits of a form.
func (f Form) Decode(b []byte, v any) error {
	if err := f.mode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	again, err := encMode.Marshal(v)
	if err != nil || string(again) != string(b) {
		return fmt.Errorf("%w: not in canonical form", errForm)
	}
	return nil
}

// CheckSaid says what is wrong with words and pictures that stand in no post.
func CheckSaid(text string, photos ...Photo) error {
	return Post{Name: "anybody", Text: text, Photos: photos}.Check()
}
