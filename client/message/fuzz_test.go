package message

import (
	"bytes"
	"testing"

	"murmuration/client/content"
)

// FuzzItem: what is read is within its limits, and written as it was.
func FuzzItem(f *testing.F) {
	for _, i := range []item{
		{Letter: &letter{Number: 7, Time: 3600, Text: "hello"}},
		{Letter: &letter{Number: 1, Time: 7200, Text: "for a day", Expires: 86400}},
		{Delete: []ID{{1, 2}, {3}}},
	} {
		b, err := content.Encode(i)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(bytes.Repeat([]byte{0x81}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := parse(b)
		if err != nil {
			return
		}
		if again, err := content.Encode(i); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x, %v", b, again, err)
		}
		if i.Letter != nil && (len(i.Letter.Text) > content.MaxText || i.Letter.Number == 0) {
			t.Errorf("%+v was taken", i)
		}
	})
}
