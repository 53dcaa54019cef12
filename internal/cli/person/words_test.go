package person

import (
	"testing"

	"murmuration/client/api"
	"murmuration/client/photo"
)

// TestPicturesAreToldByState: what a line of a timeline says of a photo that is here, on its way,
// gone or false.
func TestPicturesAreToldByState(t *testing.T) {
	p := api.Picture{Width: 640, Height: 480, Bytes: 1025, Alt: "a\n flock", Got: 2, Of: 9}
	const head = "photo, 640 × 480, 2 KiB: a flock"
	for state, want := range map[photo.Where]string{
		"coming":  "; 2 of 9 boxes are here",
		"expired": "; expired", "here": "",
		"checking": "; it is here, and is looked at before it is shown",
		"bad":      "; what came is something else, or no picture, and was thrown away",
	} {
		p.State = state
		if got := pictureLine(p); got != head+want {
			t.Errorf("%s: %q, want %q", state, got, head+want)
		}
	}
}

// TestNumbersInWords: a crowd and none.
func TestNumbersInWords(t *testing.T) {
	for got, want := range map[string]string{
		crowd(10)[:len("among about 1024")]: "among about 1024",
		crowd(0)[:len("among few or none")]: "among few or none",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestOutboxSaysHowFar: the count of a line is of what its state says, and a time is promised only
// for what no holder has yet.
func TestOutboxSaysHowFar(t *testing.T) {
	for _, c := range []struct {
		entry api.Entry
		want  string
	}{
		{api.Entry{State: "queued", Soon: "in 2s to 6s"}, "0 of 9 boxes; to be stored in 2s to 6s"},
		{api.Entry{State: "handed over", Handed: 7, Stored: 3, Kept: 1, Soon: "in 2s to 6s"},
			"7 of 9 boxes; to be stored in 2s to 6s"},
		{api.Entry{State: "stored", Handed: 9, Stored: 9, Kept: 1},
			"9 of 9 boxes; not all of its holders have listed it yet"},
		{api.Entry{State: "kept", Handed: 9, Stored: 9, Kept: 9}, "9 of 9 boxes; "},
		{api.Entry{State: "expired", Handed: 9, Stored: 9, Kept: 1, Reason: "gone"},
			"1 of 9 boxes; gone"},
	} {
		c.entry.Boxes = 9
		if far, more := progress(c.entry); far+"; "+more != c.want {
			t.Errorf("%s: %q, want %q", c.entry.State, far+"; "+more, c.want)
		}
	}
}
