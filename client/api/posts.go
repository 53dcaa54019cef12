package api

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"murmuration/client"
	"murmuration/client/content"
	"murmuration/client/parts"
	"murmuration/client/photo"
	"murmuration/client/picture"
	"murmuration/client/sender"
)

// Draft is the body of POST /v1/posts.
type Draft struct {
	Text   string     `json:"text"`
	Photos []Attached `json:"photos,omitempty"` // in their order
	Quick  bool       `json:"quick,omitempty"`  // travels as fast as what is read

	Circle  string        `json:"circle,omitempty"`    // an own one, by name; empty: the open feed
	Expire  time.Duration `json:"expire_ns,omitempty"` // after which readers forget it; 0: never
	Warning string        `json:"warning,omitempty"`   // what it is about, to be read before it
	Poll    []string      `json:"poll,omitempty"`      // options
	Closes  time.Duration `json:"closes_ns,omitempty"` // after which the poll ends
}

// Attached is a photo of a draft.
type Attached struct {
	File []byte `json:"file"` // a picture file; base64 in JSON
	Alt  string `json:"alt,omitempty"`
}

// Window is when something is expected to be done: half of the time by Typical, nearly always by
// Late.
type Window struct {
	Typical time.Duration `json:"typical_ns"`
	Late    time.Duration `json:"late_ns"`
}

func (w Window) String() string { return sender.Window(w).String() }

// Receipt answers it.
type Receipt struct {
	Post     string `json:"post"`
	Boxes    int    `json:"boxes"`
	Window   Window `json:"window"`
	Expected string `json:"expected"` // the window for people
	// Notes says what of the pictures does not go.
	Notes []string `json:"notes,omitempty"`
}

// Post is an entry of the timeline. Author, Claimed and Time are claims of whoever wrote it; a
// petname is this person's own.
type Post struct {
	ID       string    `json:"id"`
	Own      bool      `json:"own,omitempty"`
	Author   string    `json:"author"`  // petname, or the claimed name in quotes
	Claimed  string    `json:"claimed"` // what the author calls themselves
	Time     time.Time `json:"time"`    // claimed
	Received time.Time `json:"received"`
	Text     string    `json:"text,omitempty"`
	Photos   []Picture `json:"photos,omitempty"`

	Circle  string     `json:"circle,omitempty"` // its author's word for it; empty: an open feed
	ReplyTo string     `json:"reply_to,omitempty"`
	Warning string     `json:"warning,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
	Poll    *Poll      `json:"poll,omitempty"`
}

// Poll asks readers to choose one of its options until it closes.
type Poll struct {
	Options []string  `json:"options"`
	Closes  time.Time `json:"closes"`
}

// Picture is what a timeline knows about a post's photo.
type Picture struct {
	State  photo.Where `json:"state"` // "here", "coming", "checking", "expired" or "bad"
	Got    int         `json:"got"`   // boxes
	Of     int         `json:"of"`
	Bytes  int         `json:"bytes"`
	Width  int         `json:"width"`
	Height int         `json:"height"`
	Alt    string      `json:"alt,omitempty"`
	SHA256 string      `json:"sha256"`
	Thumb  []byte      `json:"thumb,omitempty"` // JPEG, encoded on this computer
}

func postsOf(posts []parts.Post) []Post {
	shown := []Post{}
	for _, p := range posts {
		shown = append(shown, postOf(p))
	}
	return shown
}

func postOf(p parts.Post) Post {
	s := Post{
		ID: p.ID, Own: p.Own, Author: p.Author(), Claimed: p.Claimed,
		Time: p.Time, Received: p.Received, Text: p.Text, Circle: p.Circle, Warning: p.Warning,
	}
	for _, photo := range p.Photos {
		s.Photos = append(s.Photos, *pictureOf(photo.Photo, photo.State))
	}
	if p.Reply != nil {
		s.ReplyTo = p.Reply.To
	}
	if !p.Expires.IsZero() {
		s.Expires = &p.Expires
	}
	if p.Poll != nil {
		s.Poll = &Poll{p.Poll.Options, time.Unix(p.Poll.Closes, 0).UTC()}
	}
	return s
}

// pictureOf shows no thumbnail that this program did not encode, wherever the store got it from.
func pictureOf(about content.Photo, s photo.State) *Picture {
	if _, _, err := picture.Plain(s.Thumb); err != nil {
		s.Thumb = nil
	}
	return &Picture{
		State: s.Where, Got: s.Got, Of: s.Of, Bytes: about.Size, Width: about.Width,
		Height: about.Height, Alt: about.Alt, SHA256: hex.EncodeToString(about.Hash[:]),
		Thumb: s.Thumb,
	}
}

func (s *server) posts() []route {
	return []route{
		taking("POST", "/v1/posts", "queues a post: checked, sealed and on the disk when it "+
			"answers", maxDraft, s.post),
		answering("GET", "/v1/posts", "the last `n` posts (1 to 1000, else 20), the newest first; "+
			"of one person (`from`), in a circle (`circle`), not shown before (`unread`), "+
			"before a post (`before`)",
			s.timeline),
		taking("POST", "/v1/posts/shown", "notes that the person has seen posts", maxShown,
			s.shown),
	}
}

func (s *server) post(_ *http.Request, d Draft) (Receipt, error) {
	said := client.Draft{
		Text: d.Text, Quick: d.Quick, Circle: d.Circle, Expire: d.Expire, Warning: d.Warning,
		Poll: d.Poll, Closes: d.Closes,
	}
	for _, p := range d.Photos {
		said.Photos = append(said.Photos, client.Photo(p))
	}
	r, err := s.client.Post(said)
	if err == nil && d.Circle != "" {
		var notes []string
		notes, err = s.unheard(d.Circle)
		r.Notes = append(r.Notes, notes...)
	}
	return receiptOf(r), err
}

// unheard says to which members of a circle nothing goes.
func (s *server) unheard(circle string) (notes []string, err error) {
	err = s.client.View(func(_ time.Time, p *parts.Person) error {
		members, err := p.Circles.Unheard(circle)
		for _, m := range members {
			if k, known := p.Contacts.Of(m); known {
				notes = append(notes, fmt.Sprintf("nothing goes to %s until you have chosen one "+
					"of their devices, which contradict each other: murmur contact verify %s",
					k.Name(), k.Alias))
			}
		}
		return err
	})
	return notes, err
}

func receiptOf(r client.Receipt) Receipt {
	return Receipt{r.Post, r.Boxes, Window(r.Window), r.Outlook.String(), r.Notes}
}

// count is the query `n` of a request for the last ones.
func count(r *http.Request) (int, error) {
	given := r.URL.Query().Get("n")
	if given == "" {
		return 20, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 || n > MaxTimeline {
		return 0, errValue.With("n=%q: want 1 to %d", given, MaxTimeline)
	}
	return n, nil
}

// Post queues a draft.
func (c *Client) Post(ctx context.Context, d Draft) (r Receipt, err error) {
	return r, c.call(ctx, "POST", "/v1/posts", d, &r)
}
