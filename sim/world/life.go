package world

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"murmuration/client/outbox"
	"murmuration/client/parts"
	"murmuration/client/photo"
	"murmuration/client/picture"
	"murmuration/client/post"
	"murmuration/client/purse"
	"murmuration/client/scan"
	"murmuration/client/sender"
	"murmuration/client/store"
	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// Life is all that somebody in a world does: the features of a client on their sender, and a store
// that lasts as long as the world. They have their turns by their own clock, and none while they
// are away.
type Life struct {
	*parts.Person
	scan  *scan.Scan
	purse *purse.Purse
	name  string // by which they call themselves
	line  *Person
	store *store.Store
	saved []byte          // the backup that was made last
	done  map[uint64]bool // entries of the outbox that were told of
	posts int             // of others
	told  map[string]bool // posts of others that were told of
	wants []parts.Post    // whose photos are under way

	asked   map[uint64]asked // fetches under way, by token
	brought asked            // the fetch that was answered last

	// Fresh, if set, is shown every post of others that comes, and Stored every entry of the outbox
	// that holders have.
	Fresh func(parts.Post)
	// Quick has what they say travel fast.
	Quick  bool
	Stored func(outbox.Entry)
}

// asked is a fetch that left.
type asked struct {
	at    time.Time
	entry box.Entry
}

// Live gives a person features, once.
func (p *Person) Live() (*Life, error) {
	if p.life != nil {
		return p.life, nil
	}
	return p.live(p.Name, store.Memory())
}

// live is the life of somebody, in a home that has what a store has.
func (p *Person) live(name string, home *store.Store) (*Life, error) {
	p.life = &Life{
		name: name, line: p, store: home, done: map[uint64]bool{}, told: map[string]bool{},
		asked: map[uint64]asked{},
	}
	if err := p.life.Restart(); err != nil {
		return nil, fmt.Errorf("%s lives: %w", p.Name, err)
	}
	p.Listen(func(e sender.Event) {
		now := p.now()
		p.life.answered(e)
		p.life.note(errors.Join(p.life.scan.Heard(now, e), p.life.Answered(now, e)))
	})
	p.life.turn()
	return p.life, p.w.err
}

// sent notes a fetch that leaves.
func (l *Life) sent(s sender.Sent) {
	if l != nil && s.Fetch != nil {
		l.asked[s.Fetch.Token] = asked{l.line.w.Now(), s.Fetch.Key.Entry}
	}
}

// answered notes which fetch an answer is for.
func (l *Life) answered(e sender.Event) {
	if e.Kind == sender.Fetched {
		l.brought = l.asked[e.Token]
		delete(l.asked, e.Token)
	}
}

// load is what a client does with its store when it is started.
func (l *Life) load() error {
	w := l.line.w
	who := parts.In(w.genesis)
	who.Name, who.Store = l.name, l.store
	if w.cfg.NoCover {
		who.Cover = 0
	}
	who.Random = w.seeds.source("life", l.line.Name+w.Now().String())
	p, err := parts.New(who)
	if err != nil {
		return err
	}
	l.Person = p
	l.purse = purse.New(p.Person, purse.Config{
		Store: l.store, Network: w.genesis.ID(), Calendar: who.Network.Calendar,
		Random: who.Random,
	})
	l.Outbox.OnCopy(l.purse.Renew)
	l.Contacts.Told(l.tellLine)
	l.scan, err = scan.New(p.Person, scan.Config{
		Store: l.store, Network: w.genesis.ID(), Schedule: w.genesis.Schedule(),
		Parameters: w.genesis.Parameters, Random: who.Random,
		Purse: l.purse,
	})
	if err != nil {
		return err
	}
	return l.Load()
}

// fetches and tokens are what slots ask, roll what a connection begins with, and learn tells of a
// document; for somebody who only speaks and listens they do nothing.
func (l *Life) fetches() sender.Fetches {
	if l == nil {
		return nil
	}
	return l.scan
}

func (l *Life) tokens() sender.Tokens {
	if l == nil {
		return nil
	}
	return l.purse
}

func (l *Life) roll() uint32 {
	if l == nil {
		return 0
	}
	l.scan.Connected(l.line.now(), l.line.home.ID())
	l.Online(true)
	return l.scan.Roll(l.line.now())
}

// begin is for a new sender.
func (l *Life) begin(doc *directory.Document) {
	if l != nil {
		l.purse.Begin(doc, l.line.home.ID())
		l.learn(doc)
	}
}

func (l *Life) learn(doc *directory.Document) {
	if l != nil {
		l.scan.Begin(doc, l.line.home.ID())
		l.purse.SetDocument(doc)
	}
}

// Restart is the end of a client and its next start: what is not in the store is forgotten, and
// replies under way are nobody's.
func (l *Life) Restart() error {
	err := l.load()
	if err == nil {
		err = l.line.restart()
	}
	if err != nil {
		return fmt.Errorf("%s starts: %w", l.line.Name, err)
	}
	return l.Begin(l.line.now(), l.line)
}

func (l *Life) turn() {
	if !l.line.away {
		l.note(l.Do(l.Turn))
	}
	l.line.w.After(l.line.w.cfg.Turn, l.turn)
}

// Do is something that the person does, by their own clock.
func (l *Life) Do(act func(now time.Time) error) error {
	now := l.line.now()
	if err := act(now); err != nil {
		return err
	}
	return l.Supply(now)
}

// note ends the world with an error, and tells of what has come.
func (l *Life) note(err error) {
	w := l.line.w
	if err == nil { // pictures are noise here, and all of it is taken for pictures
		err = l.Photos.Look(func(u photo.Unchecked) []byte { return u.File })
	}
	if err != nil {
		w.fail("%s lives: %w", l.line.Name, err)
		return
	}
	if w.cfg.Told == nil && l.Fresh == nil && l.Stored == nil {
		return
	}
	for _, n := range l.Notices() {
		w.tell("people", "%s is told: %s", l.line.Name, n.What)
	}
	l.tellStored()
	l.tellPosts()
	l.tellPhotos()
}

// tellStored tells of what the person wrote and holders have.
func (l *Life) tellStored() {
	for _, e := range l.Outbox.Entries() {
		if e.State == outbox.Kept && !l.done[e.Number] {
			l.done[e.Number] = true
			if l.Stored != nil {
				l.Stored(e)
			}
			l.line.w.tell("people", "what %s wrote is kept: %d of %d boxes", l.line.Name,
				e.Kept, e.Boxes)
		}
	}
}

// tellPosts tells of the posts that are new.
func (l *Life) tellPosts() {
	posts := 0
	follows, err := l.Following.List(l.line.now())
	if err != nil {
		l.line.w.fail("%s reads: %w", l.line.Name, err)
	}
	for _, f := range follows {
		posts += f.Posts
	}
	if posts == l.posts {
		return
	}
	l.posts = posts
	all, err := l.Timeline(l.line.now(), 1<<20)
	if err != nil {
		l.line.w.fail("%s reads: %w", l.line.Name, err)
	}
	for _, p := range slices.Backward(all) {
		if p.Own || l.told[p.ID] {
			continue
		}
		l.told[p.ID] = true
		if l.Fresh != nil {
			l.Fresh(p)
		}
		l.line.w.tell("people", "%s reads %s: %s", l.line.Name, p.Author(), p.Text)
	}
}

// tellPhotos tells of those that are here.
func (l *Life) tellPhotos() {
	l.wants = slices.DeleteFunc(l.wants, func(p parts.Post) bool {
		file, err := l.Photos.File(p.ID, 0)
		if err == nil {
			l.line.w.tell(
				"people",
				"%s has the photo of %s: %d bytes",
				l.line.Name,
				p.Author(),
				len(file),
			)
		}
		return err == nil
	})
}

// Follow reads the feed of somebody from now on, under their name.
func (l *Life) Follow(author *Life) error {
	return l.Do(func(now time.Time) error {
		link, err := author.Feed.Publish(author.line.now())
		if err != nil {
			return err
		}
		return l.Following.Follow(now, link, author.line.Name)
	})
}

// Say posts a text, with a picture if jpeg is not nil, and gives its id in the timeline.
func (l *Life) Say(text string, jpeg []byte) (id string, err error) {
	d := post.Draft{Text: text, Quick: l.Quick}
	if jpeg != nil {
		fit := picture.Picture{JPEG: jpeg, Width: 1, Height: 1}
		d.Pictures = []post.Picture{{Picture: fit}}
	}
	err = l.Do(func(now time.Time) error {
		r, err := l.Feed.Post(now, d)
		id = r.Post
		return err
	})
	return id, err
}

// Reads are the posts of an author that are in the person's timeline, the oldest first.
func (l *Life) Reads(author string) (posts []parts.Post, err error) {
	all, err := l.Timeline(l.line.now(), 1<<20)
	for _, p := range slices.Backward(all) {
		if p.Author() == author {
			posts = append(posts, p)
		}
	}
	return posts, err
}

// Await has it told when a photo of an author is here.
func (l *Life) Await(author string) error {
	posts, err := l.Reads(author)
	for _, p := range posts {
		if len(p.Photos) == 0 || err != nil {
			continue
		}
		l.wants = append(l.wants, p)
	}
	return err
}
