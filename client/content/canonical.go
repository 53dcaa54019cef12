package content

import (
	"errors"
	"fmt"
)

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
func Decode(b []byte, v any) error {
	if err := decMode.Unmarshal(b, v); err != nil {
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
