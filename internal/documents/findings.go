package documents

import (
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"murmuration/internal/directory"
)

// Finding is evidence that something is wrong with the network's documents: two that are signed and
// cannot both be true, which anybody with the genesis can check. It stays over restarts until
// people have judged it. What somebody says and does not sign is none.
type Finding struct {
	Seen  time.Time
	Epoch directory.Epoch
	Proof *directory.Contradiction

	what string // made once: the digests of documents cost an encoding
}

func (f Finding) String() string { return f.what }

// told is f with its text.
func (f Finding) told() Finding {
	f.what = f.Proof.Error()
	return f
}

// maxProofs is how many are kept, the first ones: whoever can make findings must not fill the disk.
const maxProofs = 2

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
		errs = append(errs, k.store.Forget(f.name()))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	k.list = nil
	return nil
}

// add keeps a finding, unless there is one of its epoch or no room for it.
func (k *findings) add(f Finding) {
	same := func(o Finding) bool { return o.Epoch == f.Epoch }
	if slices.ContainsFunc(k.list, same) || len(k.list) >= maxProofs {
		return
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
	if err := k.store.Keep(f.name(), f.Proof.Marshal()); err != nil {
		return err
	}
	return k.store.Keep(findingsName, marshalFindings(k.list))
}

func (k *findings) say(f Finding) {
	k.log.Error("the authorities contradict themselves: somebody may be shown a network of their "+
		"own; ask the operators of the authorities", "evidence", f)
}

// wireFinding is a Finding on disk.
type wireFinding struct {
	Seen  time.Time       `json:"seen"`
	Epoch directory.Epoch `json:"epoch"`
	Proof string          `json:"proof"` // name of the record with the evidence
}

func marshalFindings(list []Finding) []byte {
	wire := make([]wireFinding, len(list))
	for i, f := range list {
		wire[i] = wireFinding{Seen: f.Seen, Epoch: f.Epoch, Proof: f.name()}
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
	proof, err := directory.ParseContradiction(evidence)
	if err != nil {
		return Finding{}, err
	}
	return Finding{Seen: w.Seen, Epoch: w.Epoch, Proof: proof}, proof.Verify(g)
}
