package api

import (
	"encoding/hex"
	"time"

	"murmuration/client"
	"murmuration/client/feed"
	"murmuration/client/parts"
	"murmuration/client/photo"
	"murmuration/client/sender"
)

// Draft is the body of POST /v1/posts.
type Draft struct {
	Text  string `json:"text"`
	Photo []byte `json:"photo,omitempty"` // a picture file; base64 in JSON
	Alt   string `json:"alt,omitempty"`
	Quick bool   `json:"quick,omitempty"` // travels as fast as what is read
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
}

// Link is the answer to POST /v1/feed and the body of POST /v1/follows.
type Link struct {
	Link string `json:"link"`
	Name string `json:"name,omitempty"` // petname
}

// Photo is how far a photo is: the answer to POST /v1/photos/{id}.
type Photo struct {
	Post  string `json:"post"`
	Here  bool   `json:"here"`
	Got   int    `json:"got"` // boxes
	Of    int    `json:"of"`
	Bytes int    `json:"bytes"`
}

func photoOf(s photo.State) Photo {
	return Photo{s.Post, s.Where == photo.Here, s.Got, s.Of, s.Bytes}
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
	Photo    *Picture  `json:"photo,omitempty"`
}

// Picture is what a timeline knows about a post's photo.
type Picture struct {
	State  photo.Where `json:"state"`
	Got    int         `json:"got"` // boxes
	Of     int         `json:"of"`
	Bytes  int         `json:"bytes"`
	Width  int         `json:"width"`
	Height int         `json:"height"`
	Alt    string      `json:"alt,omitempty"`
	SHA256 string      `json:"sha256"`
	Thumb  []byte      `json:"thumb,omitempty"` // JPEG
}

func postsOf(posts []parts.Post) []Post {
	shown := []Post{}
	for _, p := range posts {
		s := Post{
			ID: p.ID, Own: p.Own, Author: p.Author(), Claimed: p.Claimed,
			Time: p.Time, Received: p.Received, Text: p.Text,
		}
		if p.Photo != nil {
			s.Photo = &Picture{
				State: p.Picture.Where, Got: p.Picture.Got, Of: p.Picture.Of, Bytes: p.Photo.Size,
				Width: p.Photo.Width, Height: p.Photo.Height, Alt: p.Photo.Alt,
				SHA256: hex.EncodeToString(p.Photo.Hash[:]), Thumb: p.Photo.Thumb,
			}
		}
		shown = append(shown, s)
	}
	return shown
}

// Followed is a feed that this person reads.
type Followed struct {
	Token   uint64    `json:"token"` // its number
	Name    string    `json:"name"`
	Claimed string    `json:"claimed,omitempty"`
	Posts   int       `json:"posts"`
	Since   time.Time `json:"since"` // of waiting for the next post
}

func followsOf(follows []feed.Followed) []Followed {
	shown := []Followed{}
	for _, f := range follows {
		shown = append(shown, Followed{f.Number, f.Name(), f.Claimed, f.Posts, f.Since})
	}
	return shown
}

// Entry is one line of the outbox.
type Entry struct {
	Number uint64    `json:"number"`
	Post   string    `json:"post"`
	State  string    `json:"state"` // "queued", "handed over", "stored", "kept" or "expired"
	Boxes  int       `json:"boxes"`
	Handed int       `json:"handed"` // in a packet at least once, those stored included
	Stored int       `json:"stored"` // a holder says that it has them, those kept included
	Kept   int       `json:"kept"`   // listed by all of their holders
	Queued time.Time `json:"queued"`
	Done   time.Time `json:"done,omitzero"`
	Reason string    `json:"reason,omitempty"`   // why it expired
	Soon   string    `json:"expected,omitempty"` // to be stored: "in 40s to 1m30s"
}

func entriesOf(waiting []client.Waiting) []Entry {
	shown := []Entry{}
	for _, w := range waiting {
		e := Entry{
			Number: w.Number, Post: w.Name, State: string(w.State), Boxes: w.Boxes,
			Handed: w.Handed, Stored: w.Stored, Kept: w.Kept,
			Queued: w.Queued, Done: w.Done, Reason: w.Reason,
		}
		if w.Window != (sender.Window{}) {
			e.Soon = w.Window.String()
		}
		shown = append(shown, e)
	}
	return shown
}
