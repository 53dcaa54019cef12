package boxstream

import (
	"bytes"
	"time"

	"murmuration/internal/box"
)

// Reader is a stream that this person reads, at the next box. Its methods leave it as it is and
// return another, so that a caller can keep that first.
type Reader struct {
	Cap     []byte  `cbor:"1,keyasint"` // box.ReadCap at the next index
	Checked box.Day `cbor:"2,keyasint"` // every day before this one has been looked through
	Since   int64   `cbor:"3,keyasint"` // when the next index became that; Unix milliseconds

	cap *box.ReadCap
}

// NewReader begins where s says, on a day.
func NewReader(s Start, first box.Day, now time.Time) (Reader, error) {
	c, _, err := s.Open()
	if err != nil {
		return Reader{}, err
	}
	return Reader{Cap: c.Marshal(), Checked: first, Since: now.UnixMilli(), cap: c}, nil
}

// Load makes a reader that came from a store ready.
func (r *Reader) Load() (err error) {
	r.cap, err = box.ParseReadCap(r.Cap)
	return err
}

// Same says whether two readers read one stream, wherever they are in it.
func (r Reader) Same(o Reader) bool { return bytes.Equal(r.Cap[:rootSize], o.Cap[:rootSize]) }

// Day is the one to look at now.
func (r Reader) Day(n Network, now time.Time) box.Day {
	return position{r.Checked}.day(n.Calendar, now)
}

// ID is that of the next box, if it was sealed on a day.
func (r Reader) ID(n Network, day box.Day) box.ID { return r.cap.ID(r.cap.Start(), n.ID, day) }

// Open is the plaintext of the next box, which was sealed on a day.
func (r Reader) Open(n Network, day box.Day, b box.Box) ([]byte, error) {
	return r.cap.Open(r.cap.Start(), n.ID, day, b)
}

// NotFound notes that a request sent at `sent` did not find the next box under a day. It says
// whether that moves the reader.
func (r Reader) NotFound(n Network, day box.Day, sent time.Time) (Reader, bool) {
	before := position{r.Checked}
	after := before.empty(n.Calendar, day, sent)
	r.Checked = after.Checked
	return r, after != before
}

// Found goes on to the box after the one that was found on a day.
func (r Reader) Found(day box.Day, now time.Time) Reader {
	r.cap = r.cap.At(r.cap.Start().Next())
	r.Cap, r.Since = r.cap.Marshal(), now.UnixMilli()
	r.Checked = position{r.Checked}.found(day).Checked
	return r
}
