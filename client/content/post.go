package content

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Post is one entry of a feed or a circle, as its author wrote it. All of it, the name and the time
// included, is the author's claim.
type Post struct {
	Name    string
	Time    int64 // Unix seconds, a full hour
	Text    string
	Photos  []Photo
	Nonce   [8]byte // tells posts of the same words apart; of earlier versions it is zero
	Reply   *Reply
	Expires int64  // Unix seconds, a full hour: then readers forget it; zero: never
	Warning string // what the post is about, to be read before it; one line
	Poll    *Poll
}

// said is a post as it is encoded. The first photo stands alone, as it did when there was one.
type said struct {
	Name    string  `cbor:"1,keyasint"`
	Time    int64   `cbor:"2,keyasint"`
	Text    string  `cbor:"3,keyasint,omitempty"`
	Photo   *Photo  `cbor:"4,keyasint,omitempty"`
	Nonce   [8]byte `cbor:"5,keyasint,omitzero"`
	Photos  []Photo `cbor:"6,keyasint,omitempty"`
	Reply   *Reply  `cbor:"7,keyasint,omitempty"`
	Expires int64   `cbor:"8,keyasint,omitempty"`
	Warning string  `cbor:"9,keyasint,omitempty"`
	Poll    *Poll   `cbor:"10,keyasint,omitempty"`
}

// Photo describes a picture, whose boxes are those of the feed behind the post's.
type Photo struct {
	Hash   [32]byte `cbor:"1,keyasint"` // SHA-256 of the JPEG file
	Size   int      `cbor:"2,keyasint"` // bytes
	Width  int      `cbor:"3,keyasint"`
	Height int      `cbor:"4,keyasint"`
	Alt    string   `cbor:"5,keyasint,omitempty"`
	Thumb  []byte   `cbor:"6,keyasint,omitempty"` // a small JPEG
}

// Reply says what a post answers.
type Reply struct {
	To string `cbor:"1,keyasint"` // the id of a post of the same source
	// By is who the words are of, as the author calls them, who publishes what others answered;
	// empty: the author's own.
	By string `cbor:"2,keyasint,omitempty"`
}

// Poll asks readers to choose one of its options until it closes.
type Poll struct {
	Options []string `cbor:"1,keyasint"` // one line each
	Closes  int64    `cbor:"2,keyasint"` // Unix seconds, a full hour
}

// Hour is the time that a post of this moment carries: more would tell when its author was there.
func Hour(t time.Time) int64 { return t.Truncate(time.Hour).Unix() }

func (p Post) said() said {
	s := said{
		Name: p.Name, Time: p.Time, Text: p.Text, Nonce: p.Nonce, Reply: p.Reply,
		Expires: p.Expires, Warning: p.Warning, Poll: p.Poll,
	}
	if len(p.Photos) > 0 {
		s.Photo, s.Photos = &p.Photos[0], p.Photos[1:]
	}
	return s
}

func (s said) post() Post {
	p := Post{
		Name: s.Name, Time: s.Time, Text: s.Text, Nonce: s.Nonce, Reply: s.Reply,
		Expires: s.Expires, Warning: s.Warning, Poll: s.Poll,
	}
	if s.Photo != nil {
		p.Photos = append([]Photo{*s.Photo}, s.Photos...)
	}
	return p
}

// Marshal encodes the post for a box with room for `room` bytes of content. Thumbnails that do not
// fit any more are left out, the last ones first.
func (p Post) Marshal(room int) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	p.Photos = append([]Photo(nil), p.Photos...)
	for i := len(p.Photos); ; i-- {
		b, err := encMode.Marshal(p.said())
		if err != nil {
			return nil, fmt.Errorf("encoding a post: %w", err)
		}
		if len(b) <= room {
			return b, nil
		}
		if i == 0 {
			return nil, errTooLong.With(
				"it has %d bytes, and this network's boxes carry %d", len(b), room,
			)
		}
		p.Photos[i-1].Thumb = nil
	}
}

// ParsePost reads what Marshal wrote and refuses every second spelling.
func ParsePost(b []byte) (Post, error) {
	var s said
	if err := usual.mode.Unmarshal(b, &s); err != nil {
		return Post{}, errPost.With("%w", err)
	}
	p := s.post()
	if err := p.Check(); err != nil {
		return Post{}, errPost.With("%w", err)
	}
	again, err := encMode.Marshal(p.said())
	if err != nil || string(again) != string(b) {
		return Post{}, errPost.With("not in canonical form")
	}
	return p, nil
}

// Recall reads a post that ParsePost took when it came, of this version or of an earlier one: what
// is refused today stays readable, and whoever shows it escapes it in any case.
func Recall(b []byte) (Post, error) {
	var s said
	if err := keptMode.Unmarshal(b, &s); err != nil {
		return Post{}, errPost.With("%w", err)
	}
	return s.post(), nil
}

// Check says what is wrong with a post, for its author or for its reader.
func (p Post) Check() error {
	switch {
	case CheckName(p.Name) != nil:
		return CheckName(p.Name)
	case len(p.Text) > MaxText:
		return errTooLong.With("%d bytes of text", len(p.Text))
	case !printable(p.Text):
		return errText
	case len(p.Photos) > MaxPhotos:
		return ErrPhotos.With("%d", len(p.Photos))
	case len(p.Photos) == 0 && !Visible(p.Text):
		return errEmpty
	case !fullHour(p.Time):
		return errors.New("its time is no full hour of our days")
	}
	for i := range p.Photos {
		if err := p.Photos[i].check(); err != nil {
			return err
		}
	}
	return p.checkMore()
}

// checkMore is Check for what few posts have.
func (p Post) checkMore() error {
	switch {
	case len(p.Warning) > MaxWarning:
		return errTooLong.With("%d bytes of warning", len(p.Warning))
	case p.Warning != "" && !line(p.Warning, MaxWarning):
		return errLine
	case !fullHour(p.Expires):
		return errors.New("its end is no full hour of our days")
	case p.Reply != nil && !IsID(p.Reply.To):
		return errors.New("what it answers is no id of a post")
	case p.Reply != nil && p.Reply.By != "" && CheckName(p.Reply.By) != nil:
		return CheckName(p.Reply.By)
	case p.Poll != nil:
		return p.Poll.check()
	}
	return nil
}

func (p *Poll) check() error {
	if len(p.Options) < 2 || len(p.Options) > MaxOptions || p.Closes == 0 || !fullHour(p.Closes) {
		return errPoll
	}
	seen := map[string]bool{}
	for _, option := range p.Options {
		looks := strings.ToLower(strings.Join(strings.Fields(option), " "))
		if seen[looks] {
			return errTwice.With("%q", option)
		}
		if seen[looks] = true; len(option) > MaxOption {
			return errPoll.With("an option of %d bytes", len(option))
		}
		if !line(option, MaxOption) {
			return errLine
		}
	}
	return nil
}

var lastTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

func fullHour(t int64) bool {
	return t >= 0 && t <= lastTime && t%int64(time.Hour/time.Second) == 0
}

func (p *Photo) check() error {
	switch {
	case len(p.Alt) > MaxAlt:
		return errTooLong.With("%d bytes of description", len(p.Alt))
	case !printable(p.Alt):
		return errText
	case p.Size < 1 || p.Size > MaxPhoto || len(p.Thumb) > MaxThumb:
		return fmt.Errorf("a photo of %d bytes with a thumbnail of %d", p.Size, len(p.Thumb))
	case min(p.Width, p.Height) < 1 || max(p.Width, p.Height) > maxPixels:
		return fmt.Errorf("a photo of %d × %d pixels", p.Width, p.Height)
	}
	return nil
}
