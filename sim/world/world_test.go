package world

import (
	"container/heap"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/link"
	"murmuration/internal/replay"
	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
	"murmuration/internal/transit"
	"murmuration/mix"
	"murmuration/provider"
)

// world is a whole network of real cores in virtual time: relays, edges and keepers, the voter of the
// one authority, and senders, joined by one event heap and no socket.
//
//	alice -> p1 -> [m1 m2] -> [m3 m4] -> [m5 m6] -> p2
type world struct {
	t        *testing.T
	genesis  *directory.Genesis
	params   *sphinx.Params
	now      time.Time
	events   events
	planned  int // events ever, for an order among those of one time
	stations map[directory.NodeID]*station
	order    []*station // the authority first
	voter    *directory.Voter
	secrets  io.Reader
	drops    map[mix.Reason]int
	wire     []tap // what a watcher of all links between nodes sees
	down     map[int]bool
	people   []*person
	waits    map[*byte]time.Time // arrival of packets that are being held, by their memory
	delays   map[int][]float64   // realised at the nodes of each layer, in means
}

// station is one node: a core, its keys, and for a provider the boxes.
type station struct {
	w        *world
	identity *directory.Identity
	role     directory.Role
	layer    int
	keys     map[directory.Epoch]*suite.PrivateKey
	unwrap   *sphinx.Unwrapper
	relay    *mix.Relay
	loops    *mix.Loops
	edge     *provider.Edge // nil in a mix
	keeper   *provider.Keeper
	store    *box.MemStore
	wake     time.Time
}

type person struct {
	*sender.Sender
	own    *station
	spool  provider.SpoolKey
	events []sender.Event
	on     func(sender.Event)
}

type tap struct {
	at       time.Time
	from, to directory.NodeID
	size     int
}

type worldEvent struct {
	at time.Time
	n  int
	do func()
}

type events []worldEvent

func (h events) Len() int { return len(h) }
func (h events) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].n < h[j].n
}
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *events) Push(e any)   { *h = append(*h, e.(worldEvent)) }
func (h *events) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

const linkDelay = 5 * time.Millisecond

// worldParameters make a network of short epochs: nine capped delays fit into an eighth of 8 s.
func worldParameters() directory.Parameters {
	par, _ := directory.Defaults("x25519")
	par.MeanHopDelay, par.HopDelayLimit, par.ReplyAllowance = 20*time.Millisecond, 100*time.Millisecond, 50*time.Millisecond
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 250*time.Millisecond, time.Second, 500*time.Millisecond
	par.MixLoopEvery, par.ReplicateEvery = time.Second, 20*time.Millisecond
	par.WatchedBoxes, par.PollShare = 4, 0.5
	par.EpochLength, par.Grace = 8*time.Second, 2*time.Second
	return par
}

func newWorld(t *testing.T, seed byte, par directory.Parameters) *world {
	t.Helper()
	w := &world{
		t: t, stations: map[directory.NodeID]*station{}, drops: map[mix.Reason]int{}, down: map[int]bool{},
		waits: map[*byte]time.Time{}, delays: map[int][]float64{},
		secrets: rand.NewChaCha8([32]byte{seed}), now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC),
	}
	var err error
	if w.params, err = par.PacketParams(); err != nil {
		t.Fatal(err)
	}
	for layer := range par.Layers + 1 {
		for range 3 - min(layer, 1) {
			w.order = append(w.order, w.newStation(layer))
		}
	}
	w.found(par)
	for _, s := range w.order {
		w.stations[s.identity.ID()] = s
		s.build()
	}
	w.prepare(0)
	w.begin(0)
	return w
}

func (w *world) seed() (s [32]byte) {
	if _, err := io.ReadFull(w.secrets, s[:]); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) newStation(layer int) *station {
	s := &station{w: w, identity: directory.NewIdentity(w.seed()), role: directory.RoleMix, layer: layer, keys: map[directory.Epoch]*suite.PrivateKey{}, unwrap: sphinx.NewUnwrapper(w.params)}
	if layer == 0 {
		s.role = directory.RoleProvider
	}
	return s
}

func (w *world) found(par directory.Parameters) {
	var entries []directory.Authority
	var admitted directory.Admissions
	for i, s := range w.order {
		if s.role == directory.RoleProvider {
			entries = append(entries, directory.Authority{Name: fmt.Sprint("p", i), ID: s.identity.ID(), Addr: fmt.Sprintf("127.0.0.1:%d", 9000+i)})
		}
		admitted = admitted.Add(directory.Admission{ID: s.identity.ID(), Role: s.role})
	}
	genesis, err := directory.NewGenesis("world", w.now, par, entries[:1:1], entries)
	if err != nil {
		w.t.Fatal(err)
	}
	w.genesis = genesis
	w.voter, err = directory.NewVoter(directory.VoterConfig{Genesis: genesis, Identity: w.order[0].identity, Admitted: admitted}, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
}

func (s *station) build() {
	w := s.w
	if s.role == directory.RoleMix {
		s.loops = mix.NewLoops(mix.LoopsConfig{
			Self: s.identity.ID(), Params: w.params, Epochs: w.genesis.Schedule(), Every: w.genesis.Parameters.MixLoopEvery,
			Times: rand.New(rand.NewChaCha8(w.seed())), Choice: rand.New(rand.NewChaCha8(w.seed())), Secrets: w.secrets,
		}, w.now)
		s.relay = mix.NewRelay(1000, s.loops)
		return
	}
	s.edge = provider.NewEdge(provider.Limits{Packets: 1000, Replies: 1000, Spools: 10, PerSpool: 64, SpoolAge: time.Minute, SpoolIdle: time.Hour, SpooledTotal: 1000})
	s.relay = s.edge.Relay()
	s.store = box.NewMemStore(0)
	s.keeper = &provider.Keeper{
		Self: s.identity.ID(), Params: w.params, Format: box.Format{Plaintext: w.genesis.Parameters.BoxPlaintext}, Store: s.store,
		Calendar: box.Calendar{Genesis: w.genesis.Start, Retention: w.genesis.Parameters.RetentionDays},
		Digest:   func(directory.Epoch) directory.Digest { return directory.Digest{} },
	}
}

// at makes something happen at a time; what is asked for the same time happens in that order.
func (w *world) at(t time.Time, do func()) {
	w.planned++
	heap.Push(&w.events, worldEvent{t, w.planned, do})
}

// run lets the virtual time pass.
func (w *world) run(d time.Duration) {
	until := w.now.Add(d)
	for len(w.events) > 0 && !w.events[0].at.After(until) {
		e := heap.Pop(&w.events).(worldEvent)
		w.now = e.at
		e.do()
	}
	w.now = until
}

// prepare has the document of epoch e tallied and signed from every station's descriptor.
func (w *world) prepare(e directory.Epoch) {
	for _, s := range w.order {
		if err := w.voter.Add(w.now, s.describe(e)); err != nil {
			w.t.Fatal(err)
		}
	}
	for {
		action := w.voter.Due(w.now)
		switch action.Do {
		case directory.DoNothing:
			return
		case directory.DoPersist:
			if err := w.voter.Persisted(action.Record); err != nil {
				w.t.Fatal(err)
			}
		case directory.DoReport:
			w.t.Fatal(action.Err)
		}
	}
}

func (s *station) describe(e directory.Epoch) *directory.Descriptor {
	d := &directory.Descriptor{Network: s.w.genesis.ID(), ID: s.identity.ID(), Role: s.role, Name: "n" + s.identity.ID().String()[:8],
		Addr: "127.0.0.1:1", Epoch: e, Storing: s.edge != nil, Capacity: 1000}
	for i := range d.Keys {
		d.Keys[i] = s.key(e + directory.Epoch(i)).Public().Bytes()
	}
	d.Sign(s.identity)
	return d
}

func (s *station) key(e directory.Epoch) *suite.PrivateKey {
	if s.keys[e] == nil {
		key, err := s.w.params.Suite().NewPrivateKey(s.w.seed())
		if err != nil {
			s.w.t.Fatal(err)
		}
		s.keys[e] = key
		from, until := s.window(e)
		s.relay.OpenEpoch(e, from, until, replay.NewSet(10_000, replay.Secret{byte(e)}))
	}
	return s.keys[e]
}

func (s *station) window(e directory.Epoch) (from, until time.Time) {
	schedule, grace := s.w.genesis.Schedule(), s.w.genesis.Parameters.Grace
	return schedule.StartOf(e).Add(-grace), schedule.StartOf(e + 1).Add(grace)
}

// begin puts the document of epoch e in force everywhere, and plans for the next epoch.
func (w *world) begin(e directory.Epoch) {
	doc := w.voter.Latest()
	if doc == nil || doc.Epoch != e {
		w.t.Fatalf("there is no document for epoch %d", e)
	}
	for _, s := range w.order {
		s.apply(doc)
	}
	for _, p := range w.people {
		if err := p.SetDocument(doc); err != nil {
			w.t.Fatal(err)
		}
	}
	schedule := w.genesis.Schedule()
	w.at(schedule.EndOf(e, directory.PhaseDescriptors), func() { w.prepare(e + 1) })
	w.at(schedule.StartOf(e+1), func() { w.begin(e + 1) })
}

func (s *station) apply(doc *directory.Document) {
	for e := range s.keys {
		if _, until := s.window(e); !s.w.now.Before(until) {
			s.keys[e].Erase()
			delete(s.keys, e)
			s.relay.CloseEpoch(e)
		}
	}
	self, _ := doc.Node(s.identity.ID())
	s.layer = self.Layer
	next := map[directory.NodeID]struct{}{}
	for _, n := range doc.Nodes {
		if n.Layer == (s.layer+1)%(doc.Parameters.Layers+1) {
			next[n.ID] = struct{}{}
		}
	}
	if s.edge == nil {
		s.loops.SetDocument(doc)
	} else {
		s.edge.SetDocument(doc.Parameters)
		s.keeper.SetDocument(doc)
	}
	s.relay.SetRules(mix.Rules{DelayLimit: doc.Parameters.HopDelayLimit, Next: next})
	s.schedule()
}

// receive is what a driver does with a packet from a link.
func (s *station) receive(packet []byte) {
	if s.w.down[s.layer] && s.layer > 0 {
		return
	}
	a, ok := s.peel(packet)
	if !ok {
		s.w.drops[transit.BadMAC]++
		return
	}
	reason := s.take(a)
	if reason != transit.Accepted {
		s.w.drops[reason]++
	}
	if seen := s.relay.TakeFresh(nil); len(seen) > 0 {
		s.persisted(seen[len(seen)-1].Ticket)
	}
	s.schedule()
}

func (s *station) persisted(ticket uint64) {
	if s.edge != nil {
		s.edge.Persisted(ticket)
	} else {
		s.relay.Persisted(ticket)
	}
}

func (s *station) peel(packet []byte) (transit.Arrival, bool) {
	for e, key := range s.keys {
		if from, until := s.window(e); s.w.now.Before(from) || !s.w.now.Before(until) {
			continue
		}
		if hop, err := s.unwrap.Unwrap(key, packet); err == nil {
			return transit.Arrival{Epoch: e, Hop: hop, Packet: packet}, true
		}
	}
	return transit.Arrival{}, false
}

func (s *station) take(a transit.Arrival) mix.Reason {
	if a.Hop.Kind == sphinx.Forward {
		s.w.waits[&a.Packet[0]] = s.w.now
	}
	if s.edge == nil {
		return s.relay.Receive(s.w.now, a)
	}
	job, reason := s.edge.Receive(s.w.now, a)
	if job.ID == 0 {
		return reason
	}
	reply, err := s.keeper.Answer(s.w.now, job.Payload)
	if err != nil {
		s.edge.Abandon(job.ID)
		return provider.BadRequest
	}
	s.replicate()
	s.w.waits[&reply.Packet[0]] = s.w.now.Add(s.w.genesis.Parameters.ReplyAllowance)
	return s.edge.Executed(s.w.now, job.ID, reply)
}

// replicate carries what waits for the other holders; the constant rate is the driver's affair.
func (s *station) replicate() {
	for _, other := range s.w.order {
		if other.edge == nil || other == s {
			continue
		}
		entries, err := s.store.Pending(box.Holder(other.identity.ID()), box.Entry{}, 10)
		if err != nil {
			s.w.t.Fatal(err)
		}
		for _, e := range entries {
			if _, err := other.keeper.Merge(s.w.now, box.Request{Op: box.OpWrite, Day: e.Day, Box: e.Box}); err != nil {
				s.w.t.Fatal(err)
			}
		}
		if err := s.store.Done(box.Holder(other.identity.ID()), entries...); err != nil {
			s.w.t.Fatal(err)
		}
	}
}

// schedule plans the next call of Due, once for each time.
func (s *station) schedule() {
	next, ok := s.relay.Next()
	if s.edge != nil {
		next, ok = s.edge.Next()
	}
	if !ok || next.Equal(s.wake) {
		return
	}
	s.wake = next
	s.w.at(next, s.due)
}

func (s *station) due() {
	var out []transit.Departure
	var err error
	if s.edge != nil {
		out, _ = s.edge.Due(s.w.now, nil, nil)
	} else if out, err = s.relay.Due(s.w.now, nil); err != nil {
		s.w.t.Fatal(err)
	}
	for _, d := range out {
		to := s.w.stations[d.To]
		s.held(d)
		s.w.wire = append(s.w.wire, tap{s.w.now, s.identity.ID(), d.To, len(d.Packet)})
		s.w.at(s.w.now.Add(linkDelay), func() { to.receive(d.Packet) })
	}
	s.schedule()
}

// held notes how long a packet that leaves was here, beyond what every reply waits.
func (s *station) held(d transit.Departure) {
	if since, ok := s.w.waits[&d.Packet[0]]; ok {
		delete(s.w.waits, &d.Packet[0])
		mean := s.w.genesis.Parameters.MeanHopDelay
		s.w.delays[s.layer] = append(s.w.delays[s.layer], float64(s.w.now.Sub(since))/float64(mean))
	}
}

// join connects a person to provider number own.
func (w *world) join(seed byte, own int) *person {
	p := &person{own: w.order[own], spool: provider.SpoolKey(w.seed())}
	var err error
	p.Sender, err = sender.New(sender.Config{
		Seed: [32]byte{seed, 99}, Rand: w.secrets, Schedule: w.genesis.Schedule(), Document: w.voter.Latest(),
		Provider: p.own.identity.ID(), Spool: sphinx.RecipientID(p.spool), Now: w.now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if !p.own.edge.Attach(w.now, p.spool) {
		w.t.Fatal("the provider has no room")
	}
	w.people = append(w.people, p)
	w.at(p.Next(), func() { w.slot(p) })
	return p
}

// slot is one exchange of a person with their provider.
func (w *world) slot(p *person) {
	for sent, ok := p.Due(w.now); ok; sent, ok = p.Due(w.now) {
		w.exchange(p, sent.Frame)
	}
	w.at(p.Next(), func() { w.slot(p) })
}

func (w *world) exchange(p *person, frame []byte) {
	up, err := link.ParseUp(frame)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, reason := p.own.edge.Exchange(w.now, p.spool, up.Received)
	if reason != transit.Accepted {
		w.t.Fatalf("the provider drops a slot: %s", reason)
	}
	down := make([]byte, len(frame))
	if err := answer.Marshal(down); err != nil {
		w.t.Fatal(err)
	}
	p.own.receive(slices.Clone(up.Packet))
	event, err := p.Receive(w.now, down)
	if err != nil {
		w.t.Fatalf("the sender refuses a down frame: %v", err)
	}
	if event.Kind != sender.Nothing {
		p.events = append(p.events, event)
		if p.on != nil {
			p.on(event)
		}
	}
}

// feed is a stream of boxes, of which one side writes and the other reads the next.
type feed struct {
	w     *world
	write *box.WriteCap
	index box.Index
	next  box.Index // of the reader
	got   []string
}

func (w *world) newFeed() *feed {
	cap, err := box.NewWriteCap(w.secrets)
	if err != nil {
		w.t.Fatal(err)
	}
	return &feed{w: w, write: cap, index: cap.Start(), next: cap.Start()}
}

func (f *feed) network() box.NetworkID { return box.NetworkID(f.w.genesis.ID()) }
func (f *feed) day() box.Day           { return box.DayOf(f.w.genesis.Start, f.w.now) }

// post seals the text into the next box of the feed and puts it into the author's outbox.
func (f *feed) post(author *person, token uint64, text string) {
	plain := make([]byte, f.w.genesis.Parameters.BoxPlaintext)
	copy(plain, text)
	sealed := f.write.Seal(f.index, f.network(), f.day(), plain)
	f.index = f.index.Next()
	if err := author.Enqueue(f.w.now, sender.Request{Token: token, Op: box.OpWrite, Day: f.day(), Box: sealed}); err != nil {
		f.w.t.Fatal(err)
	}
}

// follow has the reader watch the next box, and the one after it once that is read.
func (f *feed) follow(reader *person) {
	watch := func() {
		reader.Watch(sender.Target{Token: 1, Day: f.day(), ID: f.write.ReadCap().ID(f.next, f.network(), f.day()), Since: f.w.now})
	}
	reader.on = func(e sender.Event) {
		if e.Kind != sender.Polled || e.Reply.Status != box.StatusFound {
			return
		}
		plain, err := f.write.ReadCap().Open(f.next, f.network(), e.Day, e.Reply.Box)
		if err != nil {
			return // the answer to an older poll
		}
		f.got = append(f.got, string(plain[:slices.Index(plain, 0)]))
		f.next = f.next.Next()
		watch()
	}
	watch()
}

func (w *world) stored(p *person) (n int) {
	for _, e := range p.events {
		if e.Kind == sender.Answered && e.Reply.Status == box.StatusStored {
			n++
		}
	}
	return n
}

func TestPostReachesAFollower(t *testing.T) {
	w := newWorld(t, 1, worldParameters())
	alice, bob := w.join(1, 0), w.join(2, 1)
	f := w.newFeed()
	f.follow(bob)
	f.post(alice, 7, "hello, flock")
	w.run(8 * time.Second)
	if w.stored(alice) != 1 {
		t.Errorf("the author heard of %d stored boxes, want 1", w.stored(alice))
	}
	if !slices.Equal(f.got, []string{"hello, flock"}) {
		t.Errorf("the follower read %q", f.got)
	}
	for _, s := range w.order {
		if s.loops != nil {
			if ratio, _ := s.loops.Returns().Ratio(); ratio < 0.9 {
				t.Errorf("a mix of layer %d saw %.0f %% of its loops return", s.layer, 100*ratio)
			}
		}
	}
	sizes := map[int]bool{}
	for _, x := range w.wire {
		sizes[x.size] = true
	}
	if len(sizes) != 1 {
		t.Errorf("packets on links have %d sizes, want 1", len(sizes))
	}
}

// TestLayerDownNothingArrives is the control of the test above.
func TestLayerDownNothingArrives(t *testing.T) {
	w := newWorld(t, 1, worldParameters())
	w.down[2] = true
	alice, bob := w.join(1, 0), w.join(2, 1)
	f := w.newFeed()
	f.follow(bob)
	f.post(alice, 7, "hello, flock")
	w.run(20 * time.Second)
	if w.stored(alice) != 0 || len(f.got) != 0 {
		t.Errorf("with layer 2 down, %d boxes were stored and %q read", w.stored(alice), f.got)
	}
	for _, s := range w.order {
		if s.loops != nil && s.layer != 2 {
			if ratio, alarm := s.loops.Returns().Ratio(); ratio != 0 || !alarm {
				t.Errorf("a mix of layer %d saw %.0f %% of its loops return, alarm %v", s.layer, 100*ratio, alarm)
			}
		}
	}
}

// TestFiveEpochsLoseNothing posts all the time while keys and documents change five times.
func TestFiveEpochsLoseNothing(t *testing.T) {
	w := newWorld(t, 3, worldParameters())
	alice, bob := w.join(1, 0), w.join(2, 1)
	f := w.newFeed()
	f.follow(bob)
	var want []string
	for i := range 40 {
		text := fmt.Sprintf("post %d", i)
		want = append(want, text)
		w.at(w.now.Add(time.Duration(i)*time.Second), func() { f.post(alice, uint64(i), text) })
	}
	w.run(60 * time.Second)
	if e, _ := w.genesis.Schedule().Epoch(w.now); e < 6 {
		t.Fatalf("only epoch %d was reached", e)
	}
	if !slices.Equal(f.got, want) {
		t.Errorf("the follower read %d of %d posts: %q", len(f.got), len(want), f.got)
	}
	for reason, n := range w.drops {
		if reason != provider.DropStream {
			t.Errorf("%d packets dropped: %s", n, reason)
		}
	}
	for _, s := range w.order {
		if len(s.keys) > 5 {
			t.Errorf("a node holds %d keys, want at most 5", len(s.keys))
		}
	}
}

// TestSameSeedSameWorld: one seed, one trace of every link.
func TestSameSeedSameWorld(t *testing.T) {
	trace := func(seed byte) []tap {
		w := newWorld(t, seed, worldParameters())
		alice, bob := w.join(1, 0), w.join(2, 1)
		f := w.newFeed()
		f.follow(bob)
		f.post(alice, 1, "x")
		w.run(5 * time.Second)
		return w.wire
	}
	a, b, other := trace(5), trace(5), trace(6)
	if !slices.Equal(a, b) {
		t.Error("two runs from one seed differ")
	}
	if slices.Equal(a, other) {
		t.Error("control: two seeds give one trace")
	}
}

// ksExponential is the Kolmogorov-Smirnov distance of x from Exp(1), times the square root of its length.
func ksExponential(x []float64) float64 {
	slices.Sort(x)
	n, worst := float64(len(x)), 0.0
	for i, v := range x {
		f := 1 - math.Exp(-v)
		worst = max(worst, f-float64(i)/n, float64(i+1)/n-f)
	}
	return worst * math.Sqrt(n)
}

// ksCritical is exceeded with probability 10⁻⁴ (Kolmogorov's distribution: 2·exp(−2·c²) = 10⁻⁴).
const ksCritical = 2.226

// TestRealisedDelaysAreExponential measures what a watcher sees: the time between a packet's coming and
// its leaving, at every layer, providers (as first hop and as holder) included.
func TestRealisedDelaysAreExponential(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: 10,000 real packets at each layer take minutes in a race build")
	}
	par := worldParameters()
	par.Suite, par.BoxPlaintext = "xwing", 64+1024
	par.MeanHopDelay, par.HopDelayLimit = 200*time.Millisecond, 2*time.Second
	par.EpochLength, par.Grace = 1000*time.Second, 250*time.Second
	par.PayloadEvery, par.LoopEvery, par.DropEvery = 40*time.Millisecond, 200*time.Millisecond, 40*time.Millisecond
	w := newWorld(t, 9, par)
	for i := range 3 {
		w.join(byte(i), i)
	}
	w.run(42 * time.Second)
	for layer := range par.Layers + 1 {
		x := w.delays[layer]
		if len(x) < 10_000 {
			t.Fatalf("layer %d: only %d packets", layer, len(x))
		}
		if d := ksExponential(x[:10_000]); d > ksCritical {
			t.Errorf("layer %d: %d delays are not exponential: KS %.2f, critical %.2f", layer, len(x), d, ksCritical)
		}
	}
	if control := make([]float64, 10_000); ksExponential(control) <= ksCritical {
		t.Error("control: constant delays pass for exponential")
	}
	shifted := slices.Clone(w.delays[1][:10_000])
	for i := range shifted {
		shifted[i] += 0.05 // a hop that adds 10 ms of its own
	}
	if ksExponential(shifted) <= ksCritical {
		t.Error("control: delays with 10 ms added pass for exponential")
	}
}
