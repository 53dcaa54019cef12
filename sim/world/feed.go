package world

import (
	"bytes"
	"fmt"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
)

// Feed is a stream of boxes that one person writes and others read, box by box: the least that the
// senders, the holders and the watched set need to be seen at work. It keeps no state over a
// restart; persons with all their features do.
type Feed struct {
	w      *World
	author *Person
	write  *box.WriteCap
	index  box.Index // of the next post
	posts  []*feedPost
	number uint64

	// Read, if set, is told of every post that a follower has read, and Stored of every one that a
	// holder has acknowledged.
	Read   func(reader *Person, number int, text string)
	Stored func(number int)
}

// feedPost is one text: its box is sealed anew when the day for which it was sealed is over.
type feedPost struct {
	text   string
	index  box.Index
	day    box.Day
	token  uint64
	stored bool
}

// reading is one follower's place in a feed.
type reading struct {
	f      *Feed
	reader *Person
	token  uint64
	next   box.Index
	number int
	since  time.Time
	day    box.Day
}

// NewFeed opens a feed of an author.
func NewFeed(author *Person) (*Feed, error) {
	w := author.w
	w.feeds++
	c, err := box.NewWriteCap(w.seeds.source("feed", fmt.Sprint(w.feeds)))
	if err != nil {
		return nil, fmt.Errorf("opening a feed of %s: %w", author.Name, err)
	}
	f := &Feed{w: w, author: author, write: c, index: c.Start(), number: uint64(w.feeds) << 32}
	author.Listen(f.acknowledged)
	return f, nil
}

func (f *Feed) network() box.NetworkID { return box.NetworkID(f.w.genesis.ID()) }

func (f *Feed) day(now time.Time) box.Day { return box.DayOf(f.w.genesis.Start, now) }

// Post seals a text into the next box and puts it into the author's queue.
func (f *Feed) Post(text string) error {
	if len(text) >= f.w.genesis.Parameters.BoxPlaintext {
		return fmt.Errorf("%s posts: the text is longer than a box", f.author.Name)
	}
	post := &feedPost{text: text, index: f.index, token: f.number | uint64(len(f.posts))}
	f.index = f.index.Next()
	f.posts = append(f.posts, post)
	return f.send(post)
}

func (f *Feed) send(post *feedPost) error {
	plain := make([]byte, f.w.genesis.Parameters.BoxPlaintext)
	copy(plain, post.text)
	now := f.author.now()
	post.day = f.day(now)
	sealed := f.write.Seal(post.index, f.network(), post.day, plain)
	return f.author.Enqueue(now,
		sender.Request{Token: post.token, Op: box.OpWrite, Day: post.day, Box: sealed})
}

// acknowledged is what the author does with an answer.
func (f *Feed) acknowledged(e sender.Event) {
	i := e.Token - f.number
	if e.Kind != sender.Answered || i >= uint64(len(f.posts)) {
		return
	}
	post := f.posts[i]
	switch {
	case post.stored:
	case e.Reply.Status == box.StatusStored:
		post.stored = true
		if f.Stored != nil {
			f.Stored(int(i))
		}
	default: // refused, or another day's: once more
		f.w.After(f.w.genesis.Parameters.PayloadEvery, func() {
			if err := f.send(post); err != nil {
				f.w.tell("people", "%s cannot send a post again: %v", f.author.Name, err)
			}
		})
	}
}

// Follow has a reader watch the next box, and the one after it once that is read.
func (f *Feed) Follow(reader *Person) {
	f.w.feeds++
	r := &reading{f: f, reader: reader, token: uint64(f.w.feeds) << 32, next: f.index,
		number: len(f.posts), since: reader.now()}
	reader.Listen(r.hear)
	r.watch()
}

func (r *reading) watch() {
	r.day = r.f.day(r.reader.now())
	r.reader.Watch(sender.Target{
		Token: r.token, Day: r.day, ID: r.f.write.ReadCap().ID(r.next, r.f.network(), r.day),
		Since: r.since,
	})
}

func (r *reading) hear(e sender.Event) {
	if e.Kind != sender.Polled || e.Token != r.token {
		return
	}
	if e.Reply.Status == box.StatusFound {
		plain, err := r.f.write.ReadCap().Open(r.next, r.f.network(), e.Day, e.Reply.Box)
		if err != nil {
			return // the answer to an older poll, or a liar's
		}
		text, _, _ := bytes.Cut(plain, []byte{0})
		number := r.number
		r.next, r.number, r.since = r.next.Next(), r.number+1, r.reader.now()
		r.watch()
		if r.f.Read != nil {
			r.f.Read(r.reader, number, string(text))
		}
		return
	}
	if r.day != r.f.day(r.reader.now()) {
		r.watch()
	}
}
