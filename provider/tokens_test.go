package provider

import (
	"bytes"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
	"murmuration/internal/bulletin"
	"murmuration/internal/directory"
	"murmuration/internal/exchange"
	"murmuration/internal/token"
	"murmuration/internal/transit"
	"murmuration/provider/desk"
)

// paying has the network ask for tokens, eight of each of three holders.
func (w *press) paying() {
	w.doc.Parameters.WriteTokens = 24
	for _, p := range w.makers {
		n := directory.Node{ID: p.id.ID(), Role: directory.RoleProvider}
		for i := range n.Tokens {
			key, err := p.id.TokenKeys(w.genesis.ID()).Of(uint32(i))
			if err != nil {
				w.Fatal(err)
			}
			n.Tokens[i] = directory.TokenKey(key.Public())
		}
		w.doc.Nodes = append(w.doc.Nodes, n)
	}
}

// issue has a printer give tokens to all who asked, and its own clients what came.
func (p *printer) issue(e *Edge) {
	for b, ok := p.Desk().NextBatch(); ok; b, ok = p.Desk().NextBatch() {
		answer, err := b.Issue(seeded(9), p.id.TokenKeys(p.w.genesis.ID()))
		p.Desk().Issued(b, answer, err)
	}
	for _, a := range p.Desk().TakeAnswers() {
		e.Give(a)
	}
}

func seeded(n byte) *bytes.Reader { return bytes.NewReader(bytes.Repeat([]byte{n, 1, 7}, 1<<14)) }

// question asks a holder for eight tokens.
func (w *press) question(holder *printer, day uint32, chance byte) (*token.Batch, []byte) {
	w.Helper()
	key, err := holder.id.TokenKeys(w.genesis.ID()).Of(day)
	if err != nil {
		w.Fatal(err)
	}
	batch, err := token.NewBatch(seeded(chance), key.Public(), 8)
	if err != nil {
		w.Fatal(err)
	}
	elements, err := batch.Request()
	packet := make([]byte, 9486)
	if err == nil {
		err = exchange.Question{Day: day, Holder: holder.id.ID(), Elements: elements}.
			Marshal(packet)
	}
	if err != nil {
		w.Fatal(err)
	}
	return batch, packet
}

// customer is a client of the first printer.
type customer struct {
	*wires
	edge *Edge
	key  SpoolKey
}

func newCustomer(t *testing.T) *customer {
	w := newWires(t, 3)
	w.paying()
	c := &customer{wires: w, edge: NewEdge(Limits{Spools: 3}), key: SpoolKey{5}}
	if !c.edge.Attach(w.at, c.key, "") {
		t.Fatal("there is no place")
	}
	return c
}

// ask says a question, and whether it is taken and passed on.
func (c *customer) ask(key SpoolKey, packet []byte) (pass bool, reason transit.Reason) {
	c.Helper()
	a, pass, reason := c.edge.Ask(c.at, key, c.doc, box.DayOf(c.genesis.Start, c.at), packet)
	if pass {
		if err := c.makers[0].Desk().Queue(c.at, a); err != nil {
			c.Fatal(err)
		}
	}
	return pass, reason
}

// wait lets some slots pass, in which all is issued.
func (c *customer) wait(slots int) {
	for range slots {
		c.pass()
		c.makers[0].issue(c.edge)
		for _, p := range c.makers[1:] {
			p.issue(NewEdge(Limits{}))
		}
	}
}

// hear is what the stream of a new connection brings of tokens, in frames with little room.
func (c *customer) hear() (all []bulletin.Tokens) {
	c.Helper()
	cursor, parser := c.makers[0].Cursor(), bulletin.NewParser(1<<10)
	cursor.Say(c.edge.TakeTokens(c.key)...)
	for range 1000 {
		records, err := parser.Feed(cursor.Fill(c.at, 0, 100))
		if err != nil {
			c.Fatal(err)
		}
		for _, r := range records {
			if r.Tokens != nil {
				all = append(all, *r.Tokens)
			}
		}
	}
	return all
}

// TestTokensComeBack: a batch of the own provider and one of another come down, and both prove
// that they are made with the published keys. Bulletins come at the same time.
func TestTokensComeBack(t *testing.T) {
	c := newCustomer(t)
	for i := range 2 {
		holder := c.makers[i]
		batch, packet := c.question(holder, 0, byte(i+1))
		if pass, reason := c.ask(c.key, packet); !pass || reason != transit.Accepted {
			t.Fatalf("%v, %v", pass, reason)
		}
		c.wait(3)
		got := c.hear()
		if len(got) != 1 || got[0].Holder != holder.id.ID() {
			t.Fatalf("%d answers of holder %d", len(got), i)
		}
		if tokens, err := batch.Finish(got[0].Answer); err != nil || len(tokens) != 8 {
			t.Errorf("%d tokens of holder %d, %v", len(tokens), i, err)
		}
		again, _ := c.ask(c.key, packet)
		if repeat := c.hear(); again || len(repeat) != 1 ||
			!bytes.Equal(repeat[0].Answer, got[0].Answer) {
			t.Errorf("asked again: passed on %v, %d answers", again, len(repeat))
		}
		for n := 3; n <= mostRepeats+1; n++ {
			pass, reason := c.ask(c.key, packet)
			if pass || (reason == transit.Accepted) != (n <= mostRepeats) {
				t.Errorf("asked for the %d. time: %v, %v", n, pass, reason)
			}
		}
		if repeats := c.hear(); len(repeats) != 1 {
			t.Errorf("asked for many times, it is said %d times", len(repeats))
		}
	}
	if !c.same() {
		t.Error("bulletins did not get through")
	}
}

// TestOneBatch: other bytes for the same holder and day are refused, those of another day or holder
// not; the same ones are passed on some times, and no more.
func TestOneBatch(t *testing.T) {
	c := newCustomer(t)
	_, first := c.question(c.makers[1], 0, 1)
	_, second := c.question(c.makers[1], 0, 2)
	_, tomorrow := c.question(c.makers[1], 1, 3)
	_, elsewhere := c.question(c.makers[2], 0, 4)
	for name, row := range map[string]struct {
		key    SpoolKey
		packet []byte
		want   transit.Reason
	}{
		"no place": {SpoolKey{6}, first, NoSpool},
		"nothing":  {c.key, make([]byte, 9486), BadQuestion},
	} {
		if pass, reason := c.ask(row.key, row.packet); pass || reason != row.want {
			t.Errorf("%s: %v, %v", name, pass, reason)
		}
	}
	for n := range mostRepeats + 1 {
		want := transit.Accepted
		if n == mostRepeats {
			want = AskedEnough
		}
		if _, reason := c.ask(c.key, first); reason != want {
			t.Errorf("for the %d. time: %v", n+1, reason)
		}
		if _, reason := c.ask(c.key, second); n == 0 && reason != AskedEnough {
			t.Errorf("other bytes after the first: %v", reason)
		}
	}
	for name, packet := range map[string][]byte{"tomorrow": tomorrow, "elsewhere": elsewhere} {
		if pass, reason := c.ask(c.key, packet); !pass || reason != transit.Accepted {
			t.Errorf("%s: %v, %v", name, pass, reason)
		}
	}
	if pass, reason := c.ask(c.key, second); pass || reason != AskedEnough {
		t.Errorf("other bytes: %v, %v", pass, reason)
	}
	c.at = c.at.Add(24 * time.Hour)
	if pass, _ := c.ask(c.key, tomorrow); !pass {
		t.Error("tomorrow's question is forgotten when its day comes")
	}
	if n := len(c.edge.spools[c.key].asked); n != 1 {
		t.Errorf("%d questions are remembered, of one day", n)
	}
}

// TestShares: keys that come and go use up half of what there is at the most, and those of one
// block of addresses half of that; who has been here for an hour gets a batch then, and on another
// day all begins anew.
func TestShares(t *testing.T) {
	c := newCustomer(t)
	c.edge, c.doc.Parameters.Clients = NewEdge(Limits{Spools: 1000}), 16 // so that there are 32
	_, packet := c.question(c.makers[1], 0, 1)
	if !c.edge.Attach(c.at, c.key, "a") {
		t.Fatal("there is no place")
	}
	c.at = c.at.Add(settled)
	n := byte(0)
	flood := func(block Block) (taken int) {
		for range 40 {
			n++
			key := SpoolKey{n, byte(c.at.Hour()), 1}
			if !c.edge.Attach(c.at, key, block) {
				t.Fatal("there is no place")
			}
			switch pass, reason := c.ask(key, packet); {
			case pass:
				taken++
			case reason != NoShare:
				t.Errorf("one is refused because of %v", reason)
			}
		}
		return taken
	}
	for i, want := range []int{8, 4, 2, 1, 1, 0} {
		if taken := flood(Block(rune('a' + i))); taken != want {
			t.Errorf("block %d of addresses got %d, want %d", i, taken, want)
		}
	}
	if pass, reason := c.ask(c.key, packet); !pass {
		t.Errorf("who has been here for long gets none: %v", reason)
	}
	c.at = c.at.Add(25 * time.Hour)
	if _, packet = c.question(c.makers[1], 1, 1); flood("a") != 8 || len(c.edge.shares) != 1 {
		t.Errorf("of another day there are others; %d are remembered", len(c.edge.shares))
	}
	c.at = c.at.Add(24 * time.Hour)
	if _, packet = c.question(c.makers[1], 2, 1); flood("") != 16 {
		t.Error("where blocks say nothing there are shares")
	}
}

// TestUnaskedAnswers: nothing is kept for who has no place, or did not ask.
func TestUnaskedAnswers(t *testing.T) {
	c := newCustomer(t)
	for _, key := range []SpoolKey{c.key, {7}} {
		c.edge.Give(desk.Answer{Client: desk.Client(key)})
		if got := c.edge.TakeTokens(key); len(got) != 0 {
			t.Errorf("%x gets %+v", key[:1], got)
		}
	}
}

// TestTokensOnTheWrongSide: who is dialled asks for nothing, and who dialled answers nothing.
func TestTokensOnTheWrongSide(t *testing.T) {
	c := newCustomer(t)
	for kind, side := range map[byte]int{spreadBatch: 0, spreadTokens: 1} {
		for s := range 2 {
			c.dial(0)
			l := c.links[[2]int{0, 1}]
			data := make([]byte, 44)
			_, err := l[s].Take(c.at, appendSpread(nil, kind, data))
			if (err != nil) != (s == side) {
				t.Errorf("record %d at side %d: %v", kind, s, err)
			}
		}
	}
}

// nth is a box that this provider holds on a day, so many after the first.
func (c *served) nth(day box.Day, skip, size int) box.Box {
	for n := uint64(0); ; n++ {
		b := boxtest.Box(n, 'a', size)
		held := box.Placement(day, b.ID, c.others, 2)
		if held[0] != c.others[0] && held[1] != c.others[0] {
			continue
		}
		if skip--; skip < 0 {
			return b
		}
	}
}

// TestWritesArePaid: what a holder says to a write, by what it shows, in a network that asks for
// tokens and in one that does not.
func TestWritesArePaid(t *testing.T) {
	const today = 20
	keys := directory.NewIdentity([32]byte{8}).TokenKeys(directory.NetworkID{})
	others := directory.NewIdentity([32]byte{9}).TokenKeys(directory.NetworkID{})
	var good []box.Token
	bought := func(keys *token.Keys, day uint32) box.Token {
		key, err := keys.Of(day)
		if err != nil {
			t.Fatal(err)
		}
		batch, err := token.NewBatch(seeded(byte(len(good)+1)), key.Public(), 1)
		if err != nil {
			t.Fatal(err)
		}
		request, _ := batch.Request()
		answer, err := key.Issue(seeded(3), request)
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := batch.Finish(answer)
		if err != nil {
			t.Fatal(err)
		}
		good = append(good, box.Token(tokens[0]))
		return good[len(good)-1]
	}
	one, two, three := bought(keys, today), bought(keys, today), bought(keys, today)
	forged := one
	forged[31] ^= 1
	for _, asks := range []bool{true, false} {
		c := newServed(t, 0)
		if asks {
			doc := *c.service.document.Load()
			doc.Parameters.WriteTokens = 300
			c.service.SetDocument(&doc)
		}
		c.service.Tokens = keys
		size := c.service.Format.CiphertextSize()
		box1 := c.nth(today, 0, size)
		fresh := func(skip int) box.Box { return c.nth(today, skip, size) }
		refused := uint64(0)
		for _, row := range []struct {
			name string
			op   box.Op
			b    box.Box
			pay  box.Token
			want box.Status
		}{
			{"none", box.OpWrite, box1, box.Token{}, box.StatusUnpaid},
			{"forged", box.OpWrite, box1, forged, box.StatusUnpaid},
			{"of another day", box.OpWrite, box1, bought(keys, today-1), box.StatusUnpaid},
			{"of another holder", box.OpWrite, box1, bought(others, today), box.StatusUnpaid},
			{"good", box.OpWrite, box1, one, box.StatusStored},
			{"the same again", box.OpWrite, box1, one, box.StatusStored},
			{"here already", box.OpWrite, box1, box.Token{}, box.StatusStored},
			{"here already, forged", box.OpWrite, box1, forged, box.StatusStored},
			{"spent on another", box.OpWrite, fresh(1), one, box.StatusUnpaid},
			{"another", box.OpWrite, fresh(1), two, box.StatusStored},
			{"deleted for nothing", box.OpTombstone, c.nth(today, 1, 0), box.Token{},
				box.StatusStored},
			{"on what was deleted", box.OpWrite, fresh(1), box.Token{}, box.StatusTombstoned},
			{"a third", box.OpWrite, fresh(2), three, box.StatusStored},
		} {
			if !asks && row.want == box.StatusUnpaid {
				continue
			}
			reply, err := c.service.Execute(noon, box.Request{Op: row.op, Day: today, Box: row.b,
				Token: row.pay})
			if err != nil || reply.Status != row.want {
				t.Errorf("asks for tokens %v, %s: %v, %v", asks, row.name, reply.Status, err)
			}
			if row.want == box.StatusUnpaid {
				refused++
			}
			if c.service.Unpaid() != refused {
				t.Errorf("%s: %d are counted as unpaid", row.name, c.service.Unpaid())
			}
		}
	}
	c := newServed(t, 0) // the control of the first rows: there nobody asks
	c.service.Tokens = keys
	write := box.Request{Op: box.OpWrite, Day: today, Token: forged,
		Box: c.sealed(today, true, 'a', c.service.Format.CiphertextSize())}
	if reply, err := c.service.Execute(noon, write); err != nil ||
		reply.Status != box.StatusStored || c.service.Unpaid() != 0 {
		t.Errorf("control: %v, %v", reply.Status, err)
	}
}

// TestReplicasAreFree: what another holder sends was paid for there.
func TestReplicasAreFree(t *testing.T) {
	c := newServed(t, 0)
	doc := *c.service.document.Load()
	doc.Parameters.WriteTokens = 300
	c.service.SetDocument(&doc)
	b := c.sealed(20, true, 'a', c.service.Format.CiphertextSize())
	reply, err := c.service.Merge(noon, box.Request{Op: box.OpWrite, Day: 20, Box: b})
	if err != nil || reply.Status != box.StatusStored {
		t.Errorf("%v, %v", reply.Status, err)
	}
}
