package checkup

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/query"
	"murmuration/internal/link"
	"murmuration/internal/node"
	"murmuration/internal/protocol"
)

// patience is how long one other node has to answer.
const patience = 8 * time.Second

// mostAsked bounds how many are asked.
const mostAsked = 12

// answer is what one entry of the network said.
type answer struct {
	name  string
	err   error
	doc   *directory.Document
	reach query.Reach
}

// network asks those whom the genesis names, as this node.
func (e *exam) network(ctx context.Context) {
	clocks := new(link.Clocks)
	transport, err := e.Transport(link.Config{
		Network: e.home.Genesis.ID(), Identity: e.home.Seed, Clocks: clocks,
		FrameSize: func(k link.Kind) int {
			if k == link.Directory {
				return query.FrameSize
			}
			return 0
		},
	})
	if err != nil {
		e.bad("network", "", "%v", err)
		return
	}
	answers := e.ask(ctx, transport)
	reached, other := 0, false
	for _, a := range answers {
		if a.err == nil {
			reached++
		}
		other = other || errors.Is(a.err, link.ErrOtherNetwork)
		if a.doc != nil && (e.doc == nil || a.doc.Epoch > e.doc.Epoch) {
			e.doc = a.doc
		}
	}
	switch {
	case reached == 0 && other:
		e.bad("genesis", "Compare the genesis files: this home was made with another one than "+
			"theirs.", "who answers belongs to another network")
		return
	case reached == 0 && len(answers) > 0:
		e.bad("network", "Check this computer's connection, and whether a firewall lets it dial "+
			"out.", "none of %d nodes of the network can be reached: %v", len(answers),
			answers[0].err)
		return
	}
	if apart := noWay(answers); len(apart) > 0 {
		e.bad("network", "A node must reach all others: get this computer an address of the kind "+
			"that they have, IPv4 or IPv6, or ask them for a name that has both.",
			"from this computer no way leads to %s", strings.Join(apart, ", "))
	} else {
		e.good("network", "%d of %d that were asked answer", reached, len(answers))
	}
	e.clock(clocks.Ahead(time.Now()))
	e.document()
	e.reachable(answers)
}

// noWay are the names of those to whom no way leads, as where one side has IPv4 alone and the other
// IPv6. Who does not answer is not among them: that is theirs to mend.
func noWay(answers []answer) (names []string) {
	for _, a := range answers {
		if errors.Is(a.err, syscall.ENETUNREACH) {
			names = append(names, a.name)
		}
	}
	return names
}

// ask asks each entry of the genesis, but this node itself.
func (e *exam) ask(ctx context.Context, t link.Transport) []answer {
	entries := slices.Clone(e.home.Genesis.Entries)
	if e.Alone {
		entries = e.home.Genesis.Sources(e.home.Identity.ID())
	}
	entries = slices.DeleteFunc(entries, func(a directory.Authority) bool {
		return a.ID == e.home.Identity.ID()
	})
	entries = entries[:min(len(entries), mostAsked)]
	answers := make([]answer, len(entries))
	var asking sync.WaitGroup
	for i, entry := range entries {
		asking.Go(func() { answers[i] = e.askOne(ctx, t, entry, false) }) // ends with its patience
	}
	asking.Wait()
	for i, a := range answers {
		if a.err != nil || !e.running {
			continue
		}
		answers[i] = e.askOne(ctx, t, entries[i], true)
		if r := answers[i].reach; answers[i].err == nil && r != query.ReachLater {
			break // one of them has dialled
		}
	}
	return answers
}

// askOne asks one entry for its newest document, and to be dialled.
func (e *exam) askOne(ctx context.Context, t link.Transport, entry directory.Authority,
	dial bool) (a answer) {
	a.name = entry.Name
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := t.Dial(ctx, link.Peer{Addr: entry.Addr, Key: link.PublicKey(entry.ID)},
		link.Directory)
	if err != nil {
		a.err = err
		return a
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if raw, err := query.Fetch(conn, directory.Latest); err == nil {
		if doc, err := directory.ParseDocument(raw); err == nil &&
			doc.Verify(e.home.Genesis) == nil {
			a.doc = doc
		}
	}
	if dial {
		a.reach, _ = query.AskReach(conn) // no answer is none
	}
	return a
}

// clock compares this computer's clock with theirs.
func (e *exam) clock(ahead time.Duration, peers int) {
	if peers == 0 {
		return
	}
	if words := node.ClockWords(ahead, peers); ahead.Abs() > e.tolerance() {
		e.bad("clock", "Have the clock set by the network (NTP, chrony, systemd-timesyncd).",
			"this computer's clock is off: %s", words)
	} else {
		e.good("clock", "%s", words)
	}
}

func (e *exam) tolerance() time.Duration {
	return max(e.home.Genesis.Parameters.Grace/2, 15*time.Second)
}

// document looks for the node in the newest document.
func (e *exam) document() {
	if e.doc == nil {
		e.bad("document", "Ask the operators of the authorities; if the network is new, wait for "+
			"all nodes to start.", "the network has no document yet")
		return
	}
	now, err := e.home.Genesis.Schedule().Epoch(e.now)
	if err == nil && e.doc.Epoch+protocol.Validity <= now {
		e.bad("document", "Ask the operators of the authorities: the network stands still.",
			"the newest document is of epoch %d, and it is epoch %d now", e.doc.Epoch, now)
		return
	}
	e.good("document", "of epoch %d, with %d nodes", e.doc.Epoch, len(e.doc.Nodes))
	if e.Alone {
		e.signs()
		return
	}
	self, listed := e.doc.Node(e.home.Identity.ID())
	if !listed {
		e.unlisted()
		return
	}
	e.good("admitted", "the document has this node as %q", self.Name)
}

// signs looks for the authority's signature on the newest document.
func (e *exam) signs() {
	id := e.home.Identity.ID()
	if _, named := e.home.Genesis.At(e.doc.Epoch).Authority(id); !named {
		e.bad("named", "If it is to be one, the authorities name it by a succession; take the "+
			"newest genesis by `murmur network succeed`.", "the genesis in this home does not "+
			"name this identity as an authority of epoch %d", e.doc.Epoch)
		return
	}
	signed := slices.ContainsFunc(e.doc.Signatures,
		func(s directory.Signature) bool { return s.By == id })
	switch {
	case signed:
		e.good("signs", "the newest document has its signature")
	case e.running:
		e.bad("signs", "If it started just now, wait for two epochs; else look at its log, its "+
			"clock, and whether the others reach it (`murmur authority status`).",
			"the others made the document of epoch %d without it", e.doc.Epoch)
	}
}

// unlisted says why the node is in no document.
func (e *exam) unlisted() {
	refusal := ""
	if e.state != nil {
		refusal = e.state.Refusal
	}
	switch {
	case node.Leaving(e.Home):
		e.bad("leaving", "It ends by itself. `murmur "+e.Role.String()+" leave --stay` takes it "+
			"back.", "the node was told to leave, and no document has it any more")
	case refusal == directory.RefusedName.Error() || e.taken():
		e.bad("name", "Set another `name` in the configuration and start the node again.",
			"another node of the network has the name %q", e.Config.Name)
	case refusal == directory.RefusedNotAdmitted.Error():
		e.bad("admitted", "Hand the application to an authority's operator, who runs `murmur "+
			"authority admit`.", "no authority has admitted this node")
	case refusal != "":
		e.bad("admitted", "Put that right, or ask an authority's operator.",
			"an authority refuses this node: %s", refusal)
	case e.running:
		e.bad("admitted", "If it started just now, wait for two epochs; else ask an authority's "+
			"operator.", "no document has this node yet")
	}
}

// taken says that the configured name is another node's in the document.
func (e *exam) taken() bool {
	return e.Broken == nil && slices.ContainsFunc(e.doc.Nodes, func(n directory.Node) bool {
		return n.Name == e.Config.Name && n.ID != e.home.Identity.ID()
	})
}

// reachable says what came of being dialled.
func (e *exam) reachable(answers []answer) {
	for _, a := range answers {
		switch a.reach {
		case query.Reached:
			e.good("reach", "%s has dialled this node and found it", a.name)
		case query.Unreached:
			e.bad("reach", "Open the port in the firewall and forward it in the router; compare "+
				"`address` in the configuration with what others can dial.",
				"%s has dialled this node, and nobody answers there", a.name)
		case query.OtherThere:
			e.bad("reach", "Correct `address` in the configuration: it leads to somebody else.",
				"%s has dialled this node's address, and another one answers there", a.name)
		default: // nobody has dialled
			continue
		}
		return
	}
	switch {
	case e.state == nil || !e.state.InDocument:
	case e.state.Unreached: // it asked itself, not long ago
		e.bad("reach", "Open the port in the firewall and forward it in the router; compare "+
			"`address` in the configuration with what others can dial.", "%s", e.state.Reach)
	case e.state.Reach != "":
		e.good("reach", "%s", e.state.Reach)
	default:
		e.good("reach", "nobody has dialled this node now: ask again in %s", "10 s")
	}
}
