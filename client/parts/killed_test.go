package parts_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"murmuration/client/circle"
	"murmuration/client/contact"
	"murmuration/client/message"
	"murmuration/client/parts"
	"murmuration/client/parts/partstest"
	"murmuration/client/post"
	"murmuration/client/store"
	"murmuration/client/ticket"
	"murmuration/internal/counted"
	"murmuration/internal/long"
)

// victim is a home whose client is killed before some transaction of its store, whatever it is
// doing then: nothing of it is left but the store.
type victim struct {
	*partstest.Home
	left  int // transactions that it still makes; negative: as many as it likes
	kills int
	rng   *rand.Rand
	acked []string // texts of what was said and acknowledged
	tried []string // texts of what may have been said
}

type killed struct{}

func newVictim(h *partstest.Home, seed uint64) *victim {
	v := &victim{Home: h, left: -1, rng: rand.New(rand.NewPCG(seed, 1))}
	h.Store.Free = func(string) (uint64, error) {
		if v.left == 0 {
			panic(killed{})
		}
		v.left = max(v.left-1, -1)
		return 1 << 40, nil
	}
	return v
}

// lives does something with the client, which is started again if it was killed by it.
func lives(do func(), all ...*victim) (lived bool) {
	defer func() {
		switch r := recover(); r {
		case nil:
			return
		case killed{}:
		default:
			panic(r)
		}
		for _, v := range all {
			if v.left == 0 {
				v.left = -1
				v.kills++
				v.Start()
			}
		}
	}()
	do()
	return true
}

// wait lets time pass, in which clients are killed now and then.
func wait(w *partstest.World, d time.Duration, all ...*victim) {
	for end := w.Now.Add(d); w.Now.Before(end); {
		for _, v := range all {
			if v.left < 0 {
				v.left = v.rng.IntN(8)
			}
		}
		lives(func() { w.Wait(min(end.Sub(w.Now), 2*time.Minute)) }, all...)
	}
	for _, v := range all {
		v.left = -1
	}
}

// act is a command of a person, about a text where it has one. It is tried again as somebody does
// who saw no answer, and says that it was done already where it says that.
type act struct {
	name string
	do   func(v *victim, text string) error
	done string // what it says then
}

// through does an act until it is acknowledged, the first time killed before its first transaction,
// then before its second one, and so on.
func (v *victim) through(t *testing.T, w *partstest.World, a act) {
	t.Helper()
	for n := range 50 {
		text := fmt.Sprintf("%s %d of %s", a.name, len(v.acked)+len(v.tried), v.Name)
		v.left = n
		var err error
		if !lives(func() { err = a.do(v, text) }, v) {
			v.tried = append(v.tried, text)
			w.Wait(2 * time.Minute)
			continue
		}
		v.left = -1
		if err != nil && (a.done == "" || !strings.Contains(err.Error(), a.done)) {
			t.Errorf("%s: %v", text, err)
		}
		if n == 0 {
			t.Errorf("the control: %s writes nothing down", a.name)
		}
		v.acked = append(v.acked, text)
		return
	}
	t.Errorf("%s comes to no end", a.name)
}

// said are the texts that somebody has of others, as often as they have them.
func said(h *partstest.Home, from ...*partstest.Home) (texts []string) {
	posts, err := h.Timeline(h.World.Now, 1000)
	h.Must(err)
	for _, p := range posts {
		if !p.Own || p.Reply != nil {
			texts = append(texts, p.Text)
		}
	}
	for _, other := range from {
		messages, err := h.Messages.Last(h.To(other), 1000)
		h.Must(err)
		for _, m := range messages {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// check is that what was acknowledged is there once, and what was not is not there twice.
func (v *victim) check(t *testing.T, texts []string, kinds ...string) {
	t.Helper()
	count := map[string]int{}
	for _, text := range texts {
		count[text]++
	}
	of := func(text string) bool {
		kind, _, _ := strings.Cut(text, " ")
		return slices.Contains(kinds, kind)
	}
	for _, text := range v.acked {
		if n := count[text]; of(text) && n != 1 {
			t.Errorf("%q was acknowledged, and is there %d times", text, n)
		}
	}
	for _, text := range v.tried {
		if n := count[text]; of(text) && n > 1 {
			t.Errorf("%q is there %d times", text, n)
		}
	}
}

// sayings are the acts that say something to somebody.
func sayings(ben func(v *victim) string) []act {
	draft := func(text string) post.Draft { return post.Draft{Text: text, Quick: true} }
	return []act{
		{"dm", func(v *victim, text string) error {
			k, err := v.Contacts.Find(ben(v))
			if err == nil {
				_, err = v.Messages.Send(v.World.Now, k.Relation, message.Draft{Text: text})
			}
			return err
		}, ""},
		{"post", func(v *victim, text string) error {
			_, err := v.Feed.Post(v.World.Now, draft(text))
			return err
		}, ""},
		{"circle-post", func(v *victim, text string) error {
			_, err := v.Circles.Post(v.World.Now, "hills", draft(text))
			return err
		}, ""},
	}
}

// neighbours are Ada, who is killed, and Ben, who follows her feed and is in a circle of hers.
func neighbours(t *testing.T) (w *partstest.World, ada, ben *partstest.Home) {
	w = partstest.New(t)
	ada, ben = w.Join("Ada"), w.Join("Ben")
	w.Meet(ada, ben)
	link, err := ada.Feed.Publish(w.Now)
	ada.Must(err)
	ben.Must(ben.Following.Follow(w.Now, link, "ada"))
	ada.Must(ada.Circles.New("hills"))
	ada.Must(ada.Circles.Add(w.Now, "hills", ada.To(ben)))
	w.Wait(10 * time.Minute)
	return w, ada, ben
}

// others are the acts that change something; setting gives each what it is about.
func others(t *testing.T, w *partstest.World, ada, ben, cid *partstest.Home) []act {
	now := func() time.Time { return w.Now }
	ada.Must(ada.Circles.New("grown"))
	ada.Must(ada.Circles.New("left"))
	ada.Must(ada.Circles.Add(now(), "left", ada.To(ben)))
	gone, err := ada.Circles.Post(now(), "hills", post.Draft{Text: "to be taken back"})
	ada.Must(err)
	unsaid, err := ada.Messages.Send(now(), ada.To(ben), message.Draft{Text: "to be unsaid"})
	ada.Must(err)
	ben.Must(ben.Circles.New("valley"))
	ben.Must(ben.Circles.Add(now(), "valley", ben.To(ada)))
	w.Wait(10 * time.Minute)
	theirs, err := ben.Circles.Post(now(), "valley", post.Draft{Text: "what do you say"})
	ben.Must(err)
	made, err := cid.Contacts.Invite(now(), contact.Making{Days: 3, Alias: "ada"})
	cid.Must(err)
	w.Wait(20 * time.Minute)
	tick, err := ticket.Parse(made.URI())
	ada.Must(err)
	seen, err := ada.Contacts.Look(now(), tick)
	ada.Must(err)
	w.Wait(10 * time.Minute)
	to := func() *partstest.Home { return ben }
	return []act{
		{"invite", func(v *victim, text string) error {
			m, err := v.Contacts.Invite(now(), contact.Making{Days: 3})
			if err == nil {
				v.acked = append(v.acked, "id "+m.ID)
			}
			return err
		}, ""},
		{"accept", func(v *victim, _ string) error {
			_, err := v.Contacts.Accept(now(), seen.ID, "cid")
			return err
		}, "already"},
		{"circle-new", func(v *victim, text string) error {
			return v.Circles.New(strings.ReplaceAll(text, " ", "-"))
		}, ""},
		{"circle-add", func(v *victim, _ string) error {
			return v.Circles.Add(now(), "grown", v.To(to()))
		}, "is in"},
		{"circle-remove", func(v *victim, _ string) error {
			return v.Circles.Remove(now(), "left", v.To(to()))
		}, "not in"},
		{"reply", func(v *victim, text string) error {
			_, err := v.Circles.Reply(now(), theirs.Post, text)
			return err
		}, ""},
		{"react", func(v *victim, _ string) error {
			return v.Circles.React(now(), theirs.Post, "👍")
		}, ""},
		{"delete", func(v *victim, _ string) error {
			return v.Circles.Delete(now(), gone.Post)
		}, ""},
		{"unsay", func(v *victim, _ string) error {
			return v.Messages.Delete(now(), unsaid.ID.String())
		}, ""},
		{"profile", func(v *victim, _ string) error {
			return v.Contacts.SetProfile(now(), ticket.Profile{Name: "Ada of the hills"})
		}, ""},
		{"device-link", func(v *victim, _ string) error {
			return v.Store.Update(func(tx *store.Tx) error {
				_, err := v.Relations.Link(tx, now())
				return err
			})
		}, ""},
	}
}

// killSeeds is how many orders of kills there are: one, or a fifth of `just kills`.
func killSeeds(t testing.TB) uint64 {
	t.Helper()
	return uint64(max(1, long.Count(t, "MURMUR_KILLS", 1, 5)/5))
}

// TestKilledAnywhere kills a client before each transaction of each command, and at any of those
// between: what was acknowledged is there at whom it was for, once, and nothing is there twice.
func TestKilledAnywhere(t *testing.T) {
	for seed := range killSeeds(t) {
		killAnywhere(t, seed)
	}
}

func killAnywhere(t *testing.T, seed uint64) {
	t.Helper()
	w, ada, ben := neighbours(t)
	cid := w.Join("Cid")
	changes := others(t, w, ada, ben, cid)
	v := newVictim(ada, seed)
	toBen := func(v *victim) string { return "ben" }
	for _, a := range slices.Concat(sayings(toBen), changes, sayings(toBen)) {
		v.through(t, w, a)
		wait(w, 8*time.Minute, v)
	}
	w.Wait(5 * time.Hour)
	texts := said(ben, ada)
	v.check(t, texts, "dm", "post", "circle-post")
	v.check(t, said(ada), "reply")
	v.check(t, said(ben), "reply")
	for _, gone := range []string{"to be taken back", "to be unsaid"} {
		if slices.Contains(texts, gone) {
			t.Errorf("%q is there", gone)
		}
	}
	v.changed(t, ben, cid)
	if v.kills < 25 || len(v.tried) < 15 {
		t.Errorf("the control: %d kills, %q were not acknowledged", v.kills, v.tried)
	}
	counted.Say(t, "kills", "%d kills of a client, "+
		"%d acts not acknowledged, %d acknowledged, none lost",
		v.kills, len(v.tried), len(v.acked))
}

// changed checks what the other acts have changed.
func (v *victim) changed(t *testing.T, ben, cid *partstest.Home) {
	t.Helper()
	for _, line := range v.acked {
		if id, is := strings.CutPrefix(line, "id "); is {
			i, err := v.Contacts.Invitation(v.World.Now, id)
			if v.Must(err); i.State != contact.Open {
				t.Errorf("the invitation %s is %s", id, i.State)
			}
		}
	}
	if v.To(cid) != cid.To(v.Home) {
		t.Error("the two who met do not know each other")
	}
	in := func(h *partstest.Home) (names []string) {
		all, err := h.Circles.List()
		h.Must(err)
		for _, c := range all {
			if !c.Out {
				names = append(names, c.Name)
			}
		}
		slices.Sort(names)
		return names
	}
	if names := in(ben); !slices.Equal(names, []string{"grown", "hills", "valley"}) {
		t.Errorf("Ben is in %q", names)
	}
	made := 0
	for _, name := range in(v.Home) {
		if strings.HasPrefix(name, "circle-new") {
			made++
		}
	}
	if made == 0 || made > len(v.tried) || slices.Compact(in(v.Home))[0] != in(v.Home)[0] {
		t.Errorf("Ada has %q", in(v.Home))
	}
	posts, err := ben.Timeline(ben.World.Now, 1000)
	ben.Must(err)
	i := slices.IndexFunc(posts, func(p parts.Post) bool { return p.Text == "what do you say" })
	var tally circle.Tally
	ben.Must(ben.View(func(tx *store.Tx) (err error) {
		tally, err = ben.Circles.Tally(tx, posts[i].ID)
		return err
	}))
	if len(tally.Counts) != 1 || tally.Counts[0] != 1 {
		t.Errorf("Ben's post has %+v", tally)
	}
	k, err := ben.Contacts.Find("ada")
	if ben.Must(err); k.Claimed.Name != "Ada of the hills" {
		t.Errorf("Ben knows %+v", k.Claimed)
	}
}
