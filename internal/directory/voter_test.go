package directory

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

// admitAll lists the named nodes.
func admitAll(names ...string) (list Admissions) {
	for _, name := range names {
		role := RoleProvider
		if name[0] == 'm' {
			role = RoleMix
		}
		list = list.Add(Admission{ID: identity(name).ID(), Role: role})
	}
	return list
}

func newVoter(t testing.TB, g *Genesis, name string, now time.Time,
	change ...func(*VoterConfig)) *Voter {
	t.Helper()
	c := VoterConfig{Genesis: g, Identity: identity(name), Admitted: admitAll(someNodes...)}
	for _, f := range change {
		f(&c)
	}
	v, err := NewVoter(c, now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// drive runs a lone voter at one moment, as its driver would, and returns what it did and
// published.
func drive(t testing.TB, v *Voter, now time.Time) (did []Do, published *Document, reports []error) {
	t.Helper()
	for {
		a := v.Due(now)
		switch a.Do {
		case DoNothing:
			return did, published, reports
		case DoPersist:
			if err := v.Persisted(a.Record); err != nil {
				t.Fatal(err)
			}
		case DoPublish:
			published = a.Document
		case DoReport:
			reports = append(reports, a.Err)
		}
		did = append(did, a.Do)
	}
}

func addAll(t testing.TB, v *Voter, g *Genesis, now time.Time, e Epoch, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := v.Add(now, describe(t, g, name, e)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoneVoterStartsAtOnceWhenAllHaveSpoken(t *testing.T) {
	g := testGenesis(t, 1)
	now := testStart.Add(100 * time.Millisecond)
	v := newVoter(t, g, "a1", now)
	addAll(t, v, g, now, 0, someNodes[1:]...)
	if did, _, _ := drive(t, v, now); len(did) != 0 {
		t.Fatalf("with one node missing inside the window: %v", did)
	}
	addAll(t, v, g, now, 0, someNodes[0])
	did, d, _ := drive(t, v, now)
	if !slices.Equal(did, []Do{DoPersist, DoPublish}) {
		t.Fatalf("did %v", did)
	}
	if err := d.Verify(g); err != nil || d.Epoch != 0 || len(d.Nodes) != len(someNodes) {
		t.Fatalf("%v, epoch %d, %d nodes", err, d.Epoch, len(d.Nodes))
	}
	for layer := 1; layer <= 3; layer++ {
		if len(d.Layer(layer)) != 2 {
			t.Errorf("layer %d has %d mixes", layer, len(d.Layer(layer)))
		}
	}
}

// A window after the start, those who are there make the document.
func TestLoneVoterWaitsForAWindow(t *testing.T) {
	g := testGenesis(t, 1)
	now := testStart.Add(100 * time.Millisecond)
	v := newVoter(t, g, "a1", now)
	addAll(t, v, g, now, 0, someNodes[1:]...) // m1 is down
	drive(t, v, now)
	next := v.Next(now)
	if want := now.Add(g.Parameters.EpochLength / 8); !next.Equal(want) {
		t.Fatalf("next is %s, want %s", next, want)
	}
	if did, _, _ := drive(t, v, next.Add(-1)); len(did) != 0 {
		t.Fatalf("before the window's end: %v", did)
	}
	if _, d, _ := drive(t, v, next); d == nil || len(d.Nodes) != len(someNodes)-1 {
		t.Fatal("no document at the window's end")
	}
}

// Five epochs in a row, each document made at 3/8 of the epoch before and following the last one.
func TestLoneVoterFollowsTheSchedule(t *testing.T) {
	g := testGenesis(t, 1)
	s := g.Schedule()
	now := testStart
	v := newVoter(t, g, "a1", now)
	chain, _ := NewChain(g, nil)
	addAll(t, v, g, now, 0, someNodes...)
	_, d, _ := drive(t, v, now)
	if err := chain.Accept(d); err != nil {
		t.Fatal(err)
	}
	layers := layersOf(d)
	for e := Epoch(1); e < 6; e++ {
		now = s.StartOf(e - 1).Add(time.Second)
		addAll(t, v, g, now, e, someNodes...)
		drive(t, v, now)
		if next := v.Next(now); !next.Equal(s.EndOf(e-1, PhaseDescriptors)) {
			t.Fatalf("epoch %d: next is %s", e, next)
		}
		now = v.Next(now)
		_, d, _ := drive(t, v, now)
		if d == nil || d.Epoch != e {
			t.Fatalf("no document of epoch %d", e)
		}
		if err := chain.Accept(d); err != nil {
			t.Fatal(err)
		}
		if err := v.Add(now, describe(t, g, "m1", e)); !errors.Is(err, RefusedClock) {
			t.Fatalf("a descriptor after the tally: %v", err)
		}
		for name, layer := range layersOf(d) {
			if layers[name] != layer {
				t.Fatalf("%s moved from layer %d to %d", name, layers[name], layer)
			}
		}
	}
}

func layersOf(d *Document) map[string]int {
	m := map[string]int{}
	for _, n := range d.Nodes {
		m[n.Name] = n.Layer
	}
	return m
}

// A network that was off for days comes back when the clock has been looked at for a while, late in
// an epoch too, and the epoch after it is served as well. However many have spoken, nothing is
// signed before: the clock may have an hour too much. The control is a clock that continues.
func TestLoneVoterComesBackCold(t *testing.T) {
	g := testGenesis(t, 1)
	old := testDocument(t, g, 3, Digest{1}, someNodes...)
	began := g.Schedule().StartOf(80_000).Add(g.Parameters.EpochLength * 7 / 8)
	for _, leaps := range []bool{false, true} { // the clock, while it runs
		start := began
		if leaps {
			start = g.Schedule().StartOf(3)
		}
		v := newVoter(t, g, "a1", start, func(c *VoterConfig) { c.Latest = old })
		drive(t, v, start)
		var made []time.Duration
		for now := began; now.Before(began.Add(2*uncheckedWindow)) && len(made) < 2; {
			e, _ := g.Schedule().Epoch(now)
			for _, of := range []Epoch{e, e + 1} {
				for _, name := range someNodes {
					_ = v.Add(now, describe(t, g, name, of)) // what was decided is refused
				}
			}
			if _, d, _ := drive(t, v, now); d != nil {
				made = append(made, now.Sub(began))
			}
			now = now.Add(g.Parameters.EpochLength / 16)
		}
		most := uncheckedWindow + g.Parameters.EpochLength
		if len(made) < 2 || made[0] < uncheckedWindow || made[0] > most {
			t.Errorf("leaps: %v; documents after %v", leaps, made)
		}
	}
	v := newVoter(t, g, "a1", g.Schedule().StartOf(3), func(c *VoterConfig) { c.Latest = old })
	now := g.Schedule().EndOf(3, PhaseDescriptors)
	addAll(t, v, g, now.Add(-1), 4, someNodes...)
	if _, d, _ := drive(t, v, now); d == nil {
		t.Error("control: a clock that goes on from the last document is not believed")
	}
}

// TestLateStarterDoesNotVote: of several authorities, one that begins to listen after votes were
// due may have voted before it was stopped. The control began in time.
func TestLateStarterDoesNotVote(t *testing.T) {
	g := testGenesis(t, 4)
	due := g.Schedule().EndOf(0, PhaseDescriptors)
	for _, c := range []struct {
		opened time.Time
		votes  bool
	}{{due.Add(-time.Millisecond), true}, {due.Add(time.Millisecond), false}} {
		v := newVoter(t, g, "a1", c.opened)
		did, _, _ := drive(t, v, due.Add(2*time.Millisecond))
		if slices.Contains(did, DoVote) != c.votes {
			t.Errorf("opened at %s: did %v", c.opened, did)
		}
		if at := v.Next(due.Add(2 * time.Millisecond)); !at.Equal(g.Schedule().EndOf(0,
			PhaseEcho)) {
			t.Errorf("it does not tally: next is %s", at)
		}
	}
}

// TestLearn: an authority that was away goes on after the document that the others made, and takes
// none that contradicts what it has.
func TestLearn(t *testing.T) {
	g := testGenesis(t, 4)
	v := newVoter(t, g, "a1", testStart)
	missed := testDocument(t, g, 1, Digest{}, someNodes...)
	other := testDocument(t, g, 1, Digest{9}, someNodes...)
	few := testDocument(t, g, 2, missed.Digest(), someNodes...)
	few.Signatures = few.Signatures[:2]
	if err := v.Learn(few); !errors.Is(err, ErrFewSignatures) {
		t.Errorf("two signatures of four: %v", err)
	}
	if err := v.Learn(missed); err != nil || v.Latest() != missed {
		t.Fatal(err)
	}
	if err := v.Learn(other); err != nil || v.Latest() != missed {
		t.Errorf("another of that epoch: %v", err)
	}
	now := g.Schedule().EndOf(1, PhaseDescriptors)
	for a := v.Due(now); a.Do != DoNothing; a = v.Due(now) {
		if a.Do == DoVote && a.Relay.Vote.Previous == missed.Digest() {
			return
		}
	}
	t.Error("its vote does not name the document that it learnt")
}

// TestMovedAuthorities: where an authority says it is goes into the document, stays there when it
// is away, and leaves it when it is back; nobody moves another.
func TestMovedAuthorities(t *testing.T) {
	g := testGenesis(t, 4)
	said := map[string]string{"a2": "b.example.org:1"}
	var last *Document
	vote := func(e Epoch, names ...string) *Document {
		t.Helper()
		var votes []*Vote
		for _, name := range names {
			v := &Vote{Network: g.ID(), Epoch: e, By: identity(name).ID(), Addr: said[name],
				Parameters: g.Parameters}
			for _, node := range someNodes {
				v.Listings = append(v.Listings, Listing{describe(t, g, node, e), false})
			}
			if last != nil {
				v.Previous = last.Digest()
			}
			v.Sign(identity(name))
			if err := v.verify(g); err != nil {
				t.Fatal(err)
			}
			votes = append(votes, v)
		}
		o, err := tally(g, last, e, votes)
		if err != nil {
			t.Fatal(err)
		}
		last = o.Document
		return last
	}
	a2 := g.Authorities[slices.IndexFunc(g.Authorities, func(a Authority) bool {
		return a.Name == "a2"
	})]
	for i, c := range []struct {
		voters []string
		says   string
		at     string
	}{
		{[]string{"a1", "a2", "a3"}, "b.example.org:1", "b.example.org:1"},
		{[]string{"a1", "a3", "a4"}, "", "b.example.org:1"},
		{[]string{"a1", "a2", "a3"}, "", "b.example.org:1"},
		{[]string{"a1", "a2", "a3"}, a2.Addr, a2.Addr},
	} {
		said["a2"] = c.says
		d := vote(Epoch(i), c.voters...)
		if got := d.AddressOf(a2); got != c.at {
			t.Errorf("epoch %d: a2 is at %s, want %s", i, got, c.at)
		}
		if moved := len(d.Moved) > 0; moved == (c.at == a2.Addr) {
			t.Errorf("epoch %d: %v", i, d.Moved)
		}
		signAll(g, d)
		if err := d.Verify(g); err != nil {
			t.Error(err)
		}
	}
	for name, moved := range map[string][]Address{
		"a stranger": {{identity("m1").ID(), "b.example.org:1"}},
		"nowhere":    {{a2.ID, "b"}},
		"as it was":  {{a2.ID, a2.Addr}},
		"twice":      {{a2.ID, "b:1"}, {a2.ID, "b:2"}},
	} {
		last.Moved = moved
		signAll(g, last)
		if err := last.Verify(g); !errors.Is(err, errIllFormed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An empty layer is named, and tried again a window later.
func TestLoneVoterNamesWhatIsMissing(t *testing.T) {
	g := testGenesis(t, 1)
	now := testStart
	v := newVoter(t, g, "a1", now)
	addAll(t, v, g, now, 0, "m1", "m2", "a1", "p2", "p3")
	drive(t, v, now)
	now = v.Next(now)
	_, d, reports := drive(t, v, now)
	if d != nil || len(reports) != 1 || !errors.Is(reports[0], errIllFormed) {
		t.Fatalf("got %v, %v", d, reports)
	}
	if did, _, _ := drive(t, v, now); len(did) != 0 {
		t.Fatalf("again at once: %v", did)
	}
	addAll(t, v, g, now, 0, "m3")
	if _, d, _ = drive(t, v, v.Next(now)); d == nil {
		t.Fatal("no document though the layers are complete")
	}
}

// The signature exists only after Persisted, and after a crash the same document is signed,
// whatever has arrived since. The control loses the record and signs another one: that is what it
// is for.
func TestNeverTwoDigestsForOneEpoch(t *testing.T) {
	g := testGenesis(t, 1)
	now := testStart
	v := newVoter(t, g, "a1", now)
	addAll(t, v, g, now, 0, someNodes...)
	first := v.Due(now)
	if first.Do != DoPersist {
		t.Fatalf("first is %s", first.Do)
	}
	for range 3 {
		if a := v.Due(now.Add(time.Second)); a.Do != DoNothing {
			t.Fatalf("%s before the record is on the disk", a.Do)
		}
	}
	record, err := ParseRecord(first.Record.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		record *Record
		same   bool
	}{{record, true}, {nil, false}} {
		again := newVoter(t, g, "a1", now, func(vc *VoterConfig) { vc.Record = c.record })
		_ = again.Add(now, describe(t, g, "m1", 0, func(d *Descriptor) { d.Packets = 99 }))
		for _, name := range someNodes[1:] {
			_ = again.Add(now, describe(t, g, name, 0))
		}
		_, d, _ := drive(t, again, now)
		if d == nil || (d.Digest() == first.Record.Digest) != c.same {
			t.Fatalf("with record %v: got %v", c.record != nil, d)
		}
	}
}

// A record whose epoch or digest was changed on the disk would let another document be signed for
// its epoch.
func TestRecordFitsItsBody(t *testing.T) {
	g := testGenesis(t, 1)
	good := newRecord(testDocument(t, g, 9, Digest{}, someNodes...), nil)
	if _, err := ParseRecord(good.Marshal()); err != nil {
		t.Fatal(err)
	}
	epoch, digest := *good, *good
	epoch.Epoch--
	digest.Digest[0] ^= 1
	for _, bad := range []*Record{&epoch, &digest} {
		if _, err := ParseRecord(bad.Marshal()); !errors.Is(err, ErrMalformed) {
			t.Errorf("epoch %d, digest %s: %v", bad.Epoch, bad.Digest, err)
		}
	}
}

// History: The epochs that were signed stood under no sum, and one flipped bit had an authority
// forget or invent one.
//
// TestRecordOfADamagedDisk: no bit of a record can be another one.
func TestRecordOfADamagedDisk(t *testing.T) {
	g := testGenesis(t, 1)
	var r *Record
	for _, e := range []Epoch{5, 9} {
		r = newRecord(testDocument(t, g, e, Digest{}, someNodes...), r)
	}
	raw := r.Marshal()
	if _, err := ParseRecord(raw); err != nil {
		t.Fatalf("the control: %v", err)
	}
	for i := range 8 * len(raw) {
		bad := bytes.Clone(raw)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := ParseRecord(bad); err == nil {
			t.Errorf("bit %d of %d is another one", i, 8*len(raw))
		}
	}
}

func TestClockGoneBackSignsNothing(t *testing.T) {
	g := testGenesis(t, 1)
	later := testDocument(t, g, 9, Digest{}, someNodes...)
	now := testStart
	v := newVoter(t, g, "a1", now, func(c *VoterConfig) { c.Record = newRecord(later, nil) })
	addAll(t, v, g, now, 1, someNodes...)
	for _, at := range []time.Time{now, now.Add(time.Second), now.Add(3 * time.Second)} {
		if _, d, _ := drive(t, v, at); d != nil {
			t.Fatal("signed an epoch before the last signature")
		}
	}
	if err := v.Persisted(newRecord(later, nil)); err == nil {
		t.Fatal("took a record that it did not ask for")
	}
}

// A forged signature that was collected would spoil the document for everybody at its threshold.
func TestForgedSignaturesAreNotCollected(t *testing.T) {
	g := testGenesis(t, 4)
	v := newVoter(t, g, "a1", testStart)
	digest := Digest{1, 2, 3}
	signed := func(by, with string) *Endorsement {
		return &Endorsement{1, digest,
			Signature{By: identity(by).ID(),
				Bytes: identity(with).sign(labelDocument, g.ID(), digest)}}
	}
	if err := v.AddSignature(testStart, signed("a2", "a3")); !errors.Is(err, ErrSignature) {
		t.Errorf("a signature in another's name: %v", err)
	}
	if err := v.AddSignature(testStart, signed("m1", "m1")); err == nil {
		t.Error("the signature of a mix was taken")
	}
	if v.round != nil && len(v.round.early) > 0 {
		t.Errorf("%d signatures were collected", len(v.round.early))
	}
	if err := v.AddSignature(testStart, signed("a2", "a2")); err != nil || len(v.round.early) != 1 {
		t.Errorf("a good signature: %v", err)
	}
}

func TestAddRefuses(t *testing.T) {
	g := testGenesis(t, 1)
	other := testGenesis(t, 4)
	now := testStart.Add(time.Second)
	sign := func(name string, d *Descriptor) *Descriptor { d.Sign(identity(name)); return d }
	cases := []struct {
		name string
		d    *Descriptor
		want error
	}{
		{"fine", describe(t, g, "m1", 0), nil},
		{"the epoch after", describe(t, g, "m1", 1), nil},
		{"too far ahead", describe(t, g, "m1", 2), RefusedClock},
		{"other network", describe(t, other, "m1", 0), refusedNetwork},
		{"not admitted", describe(t, g, "m9", 0), RefusedNotAdmitted},
		{"admitted as something else",
			describe(t, g, "m1", 0, func(d *Descriptor) { d.Role = RoleProvider }),
			RefusedNotAdmitted},
		{"signed by another", sign("m2", describe(t, g, "m1", 0)), refusedSignature},
		{"bad key", describe(t, g, "m1", 0, func(d *Descriptor) { d.Keys[0] = make([]byte, 32) }),
			RefusedKeys},
		{"one key for two epochs",
			describe(t, g, "m1", 0, func(d *Descriptor) { d.Keys[0] = d.Keys[1] }), RefusedKeys},
		{"bad name", describe(t, g, "m1", 0, func(d *Descriptor) { d.Name = "a b" }),
			RefusedMalformed},
		{"bad address", describe(t, g, "m1", 0, func(d *Descriptor) { d.Addr = "here" }),
			RefusedMalformed},
		{"storing mix", describe(t, g, "m1", 0, func(d *Descriptor) { d.Storing = true }),
			RefusedMalformed},
		{"huge capacity", describe(t, g, "m1", 0, func(d *Descriptor) { d.Capacity = 1 << 60 }),
			RefusedMalformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := newVoter(t, g, "a1", now)
			if err := v.Add(now, c.d); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
	v := newVoter(t, g, "a1", now)
	if err := v.Add(testStart.Add(-time.Second), describe(t, g, "m1", 0)); !errors.Is(err,
		RefusedClock) {
		t.Errorf("before the start: %v", err)
	}
}

// TestOneNameOneNode: a name is whose it is in the latest document, else whose who said it first;
// one who is not admitted any more has none.
func TestOneNameOneNode(t *testing.T) {
	g := testGenesis(t, 1)
	now := testStart
	named := func(name string) func(*Descriptor) {
		return func(d *Descriptor) { d.Name = name }
	}
	v := newVoter(t, g, "a1", now)
	addAll(t, v, g, now, 0, "m1")
	if err := v.Add(now, describe(t, g, "m2", 0, named("M1"))); !errors.Is(err, RefusedName) {
		t.Errorf("a name that is another's: %v", err)
	}
	addAll(t, v, g, now, 0, someNodes[1:]...) // control: with names of their own
	if _, d, _ := drive(t, v, now); d == nil {
		t.Fatal("no document")
	}
	if err := v.Add(now, describe(t, g, "m2", 1, named("m1"))); !errors.Is(err, RefusedName) {
		t.Errorf("a name that another has in the document: %v", err)
	}
	addAll(t, v, g, now, 1, "m1")
	v.Admit(slices.DeleteFunc(admitAll(someNodes...), func(a Admission) bool {
		return a.ID == identity("m1").ID()
	}))
	if err := v.Add(now, describe(t, g, "m2", 1, named("m1"))); err != nil {
		t.Errorf("the name of one who is not admitted any more: %v", err)
	}
}

// Of two descriptors for one epoch the greater serial counts; two with one serial are a conflict.
func TestSerial(t *testing.T) {
	g := testGenesis(t, 1)
	now := testStart
	v := newVoter(t, g, "a1", now)
	at := func(serial uint64, addr string) error {
		return v.Add(now, describe(t, g, "m1", 0,
			func(d *Descriptor) { d.Serial, d.Addr = serial, addr }))
	}
	for i, c := range []struct {
		serial uint64
		addr   string
		want   error
		holds  string
	}{
		{5, "h:1", nil, "h:1"}, {5, "h:1", nil, "h:1"}, {5, "h:2", refusedConflict, "h:1"},
		{6, "h:3", nil, "h:3"}, {5, "h:1", nil, "h:3"},
	} {
		if err := at(c.serial, c.addr); !errors.Is(err, c.want) {
			t.Errorf("step %d: %v", i, err)
		}
		if got := v.ready[0][identity("m1").ID()].Addr; got != c.holds {
			t.Errorf("step %d: holds %s", i, got)
		}
	}
}

func TestProbation(t *testing.T) {
	g := testGenesis(t, 1)
	now := testStart
	v := newVoter(t, g, "a1", now, func(c *VoterConfig) {
		c.Admitted = c.Admitted.Add(Admission{ID: identity("m7").ID(), Role: RoleMix,
			Probation: 1})
	})
	all := append(slices.Clone(someNodes), "m7")
	addAll(t, v, g, now, 0, all...)
	addAll(t, v, g, now, 1, all...)
	_, d0, _ := drive(t, v, now)
	_, d1, _ := drive(t, v, g.Schedule().EndOf(0, PhaseDescriptors))
	for i, d := range []*Document{d0, d1} {
		n, ok := d.Node(identity("m7").ID())
		if !ok || n.Probation != (i == 0) ||
			slices.ContainsFunc(d.Layer(n.Layer),
				func(o Node) bool { return o.ID == n.ID }) == n.Probation {
			t.Errorf("epoch %d: %v, %+v", i, ok, n.Probation)
		}
	}
}

// TestProvedFalse: of whom an authority has a proof, it lets nobody store boxes of new days; one
// about nobody whom it lists changes nothing.
func TestProvedFalse(t *testing.T) {
	g := testGenesis(t, 1)
	for _, name := range []string{"p3", "p9"} {
		now := testStart.Add(100 * time.Millisecond)
		v := newVoter(t, g, "a1", now)
		v.Prove([]NodeID{identity(name).ID(), identity(name).ID()})
		addAll(t, v, g, now, 0, someNodes...)
		_, d, reports := drive(t, v, now)
		if d == nil || d.Verify(g) != nil || len(reports) > 0 {
			t.Fatalf("%s: no document: %v", name, reports)
		}
		for _, s := range d.Storing {
			stores := slices.Contains(s.Nodes, identity("p3").ID())
			if stores == (name == "p3") {
				t.Errorf("%s is false, and p3 stores on day %d: %t", name, s.Day, stores)
			}
		}
	}
}

func TestNewVoterRefuses(t *testing.T) {
	g := testGenesis(t, 1)
	if _, err := NewVoter(VoterConfig{Genesis: g, Identity: identity("m1")},
		testStart); err == nil {
		t.Error("a stranger votes")
	}
	forged := testDocument(t, g, 1, Digest{}, someNodes...)
	forged.Signatures[0].Bytes[0] ^= 1
	if _, err := NewVoter(VoterConfig{Genesis: g, Identity: identity("a1"), Latest: forged},
		testStart); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
}

// TestLoneVoterWaitsAfterAFailure: when all nodes have spoken at a cold start and no document can
// be made of what they say, an authority that is alone reports that once a window, not for ever at
// once.
func TestLoneVoterWaitsAfterAFailure(t *testing.T) {
	g := testGenesis(t, 1)
	v := newVoter(t, g, "a1", testStart)
	for _, name := range someNodes {
		d := describe(t, g, name, 0, func(d *Descriptor) { d.Storing = false })
		if err := v.Add(testStart, d); err != nil {
			t.Fatal(err)
		}
	}
	reports := 0
	for range 10 {
		if v.Due(testStart).Do == DoReport {
			reports++
		}
	}
	if reports != 1 {
		t.Errorf("%d reports at one moment", reports)
	}
	if at := v.Next(testStart); v.Due(at).Do != DoReport {
		t.Errorf("no report at %v, a window later", at)
	}
}
