package picture

// Each test here is of a bug that was there once, with a line of its history.

import (
	"errors"
	"testing"
)

// History: a picture without a single pixel was said to be too large, and to be made smaller.
func TestEmptyPictureIsNotTooLarge(t *testing.T) {
	for name, file := range map[string][]byte{
		"no rows": rowless(t), "no columns": []byte("GIF89a\x00\x00\x01\x00\x00\x00\x00;"),
	} {
		_, err := Prepare(file, 1<<19, 4000)
		if !errors.Is(err, ErrNotPicture) || errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
