package documents

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"murmuration/internal/directory"
)

// Finding is something about the network's documents that should not be. It stays over restarts
// until people have judged it.
type Finding struct {
	Seen  time.Time
	Epoch directory.Epoch
	// Proof is the evidence, which anybody with the genesis can check. Without it, a finding is
	// what one provider said in an audit: a liar can say so of any document, and the next one
	// cannot repeat it.
	Proof *directory.Contradiction
	// Provider is who said that the document of Epoch is Said, where here it is Held.
	Provider   string
	Held, Said directory.Digest

	what string // made once: the digests of documents cost an encoding
}

// Proven says that a finding is evidence.
func (f Finding) Proven() bool { return f.Proof != nil }

func (f Finding) String() string { return f.what }

// told is f with its text.
func (f Finding) told() Finding {
	f.what = fmt.Sprintf("%s said that the network document of epoch %d is %s, here it is %s",
		f.Provider, f.Epoch, f.Said, f.Held)
	if f.Proven() {
		f.what = f.Proof.Error()
	}
	return f
}

// Bounds of what is kept: whoever can make findings must not fill the disk.
const (
	maxProofs      = 2  // the first ones
	maxUnconfirmed = 16 // the last ones
)

// name is that of the record which has the evidence.
func (f Finding) name() string { return strconv.FormatUint(uint64(f.Epoch), 10) + evidenceSuffix }

// findings are what was found and not judged yet, the oldest first, here and in the store. They are
// guarded by the mutex of the Set that has them.
type findings struct {
	store Store
	log   *slog.Logger
	list  []Finding
}

// judge forgets all, the list first: a list that names evidence must find it.
func (k *findings) judge() error {
	errs := []error{k.store.Forget(findingsName)}
	for _, f := range k.list {
		if f.Proven() {
			errs = append(errs, k.store.Forget(f.name()))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	k.list = nil
	return nil
}

// add keeps a finding, unless it is known or there is no room for it.
func (k *findings) add(f Finding) {
	same := func(o Finding) bool {
		return o.Epoch == f.Epoch && o.Proven() == f.Proven() && o.Provider == f.Provider
	}
	if slices.ContainsFunc(k.list, same) || f.Proven() && k.count(true) >= maxProofs {
		return
	}
	if !f.Proven() && k.count(false) >= maxUnconfirmed {
		i := slices.IndexFunc(k.list, func(o Finding) bool { return !o.Proven() })
		k.list = slices.Delete(k.list, i, i+1)
	}
	f = f.told()
	k.list = append(k.list, f)
	k.say(f)
	if err := k.keep(f); err != nil {
		k.log.Error("what was found cannot be kept, and will be forgotten at the next start: "+
			"make room on the disk", "error", err)
	}
}

// keep writes the evidence first: a list that names it must find it.
func (k *findings) keep(f Finding) error {
	if f.Proven() {
		if err := k.store.Keep(f.name(), f.Proof.Marshal()); err != nil {
			return err
		}
	}
	return k.store.Keep(findingsName, marshalFindings(k.list))
}

func (k *findings) count(proven bool) (n int) {
	for _, f := range k.list {
		if f.Proven() == proven {
			n++
		}
	}
	return n
}

func (k *findings) say(f Finding) {
	if f.Proven() {
		k.log.Error("the authorities contradict themselves: "+
			"somebody may be shown a network of their own; ask the operators of the "+
			"authorities", "evidence", f)
		return
	}
	k.log.Warn("a provider says that the network document is another one: "+
		"alone, this proves nothing", "said", f)
}

// wireFinding is a Finding on disk.
type wireFinding struct {
	Seen     time.Time       `json:"seen"`
	Epoch    directory.Epoch `json:"epoch"`
	Proof    string          `json:"proof,omitempty"` // name of the record with the evidence
	Provider string          `json:"provider,omitempty"`
	Held     string          `json:"held,omitempty"`
	Said     string          `json:"said,omitempty"`
}

func marshalFindings(list []Finding) []byte {
	wire := make([]wireFinding, len(list))
	for i, f := range list {
		if f.Proven() {
			wire[i] = wireFinding{Seen: f.Seen, Epoch: f.Epoch, Proof: f.name()}
			continue
		}
		wire[i] = wireFinding{f.Seen, f.Epoch, "", f.Provider, f.Held.String(), f.Said.String()}
	}
	raw, _ := json.Marshal(wire) // these types never fail
	return raw
}

// load takes up what was found before. Evidence that is none is left out and said: it must
// neither frighten anybody nor keep a node from starting.
func (k *findings) load(g *directory.Genesis, r Record, evidence map[string][]byte) {
	var wire []wireFinding
	if err := json.Unmarshal(r.Raw, &wire); err != nil {
		k.log.Warn("what was found before cannot be read, and is left out", "record", r.Path,
			"error", err)
	}
	for _, w := range wire {
		f, err := w.finding(g, evidence[w.Proof])
		if err != nil {
			k.log.Warn("something that was found before is damaged, and is left out", "record",
				r.Path, "error", err)
			continue
		}
		f = f.told()
		k.list = append(k.list, f)
		k.say(f)
	}
}

func (w wireFinding) finding(g *directory.Genesis, evidence []byte) (Finding, error) {
	f := Finding{Seen: w.Seen, Epoch: w.Epoch, Provider: w.Provider}
	if w.Proof == "" {
		return f, errors.Join(parseDigest(&f.Held, w.Held), parseDigest(&f.Said, w.Said))
	}
	proof, err := directory.ParseContradiction(evidence)
	if err != nil {
		return f, err
	}
	f.Proof = proof
	return f, proof.Verify(g)
}

func parseDigest(d *directory.Digest, s string) error {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != len(d) {
		return fmt.Errorf("%q is no digest", s)
	}
	copy(d[:], raw)
	return nil
}
