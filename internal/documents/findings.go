package documents

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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

// Findings are what was found and not judged yet, the oldest first.
func (s *Set) Findings() []Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.findings)
}

// Unconfirmed keeps what a provider said in an audit.
func (s *Set) Unconfirmed(f Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Proof = nil
	s.find(f)
}

// Judge forgets all findings: people have looked at them.
func (s *Set) Judge() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := []error{s.cfg.Store.Forget(findingsName)}
	for _, f := range s.findings {
		if f.Proven() {
			errs = append(errs, s.cfg.Store.Forget(f.name()))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.findings = nil
	return nil
}

// name is that of the record which has the evidence.
func (f Finding) name() string { return strconv.FormatUint(uint64(f.Epoch), 10) + evidenceSuffix }

// find keeps a finding, unless it is known or there is no room for it. The caller holds mu.
func (s *Set) find(f Finding) {
	same := func(o Finding) bool {
		return o.Epoch == f.Epoch && o.Proven() == f.Proven() && o.Provider == f.Provider
	}
	if slices.ContainsFunc(s.findings, same) || f.Proven() && s.count(true) >= maxProofs {
		return
	}
	if !f.Proven() && s.count(false) >= maxUnconfirmed {
		i := slices.IndexFunc(s.findings, func(o Finding) bool { return !o.Proven() })
		s.findings = slices.Delete(s.findings, i, i+1)
	}
	f = f.told()
	s.findings = append(s.findings, f)
	s.sayFound(f)
	if err := s.keepFinding(f); err != nil {
		s.cfg.Log.Error("what was found cannot be kept, and will be forgotten at the next start: "+
			"make room on the disk", "error", err)
	}
}

// keepFinding writes the evidence first: a list that names it must find it.
func (s *Set) keepFinding(f Finding) error {
	if f.Proven() {
		if err := s.cfg.Store.Keep(f.name(), f.Proof.Marshal()); err != nil {
			return err
		}
	}
	return s.cfg.Store.Keep(findingsName, marshalFindings(s.findings))
}

func (s *Set) count(proven bool) (n int) {
	for _, f := range s.findings {
		if f.Proven() == proven {
			n++
		}
	}
	return n
}

func (s *Set) sayFound(f Finding) {
	if f.Proven() {
		s.cfg.Log.Error("the authorities contradict themselves: "+
			"somebody may be shown a network of their own; ask the operators of the "+
			"authorities", "evidence", f)
		return
	}
	s.cfg.Log.Warn("a provider says that the network document is another one: "+
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

// loadFindings takes up what was found before. Evidence that is none is left out and said: it must
// neither frighten anybody nor keep a node from starting.
func (s *Set) loadFindings(r Record, evidence map[string][]byte) {
	var wire []wireFinding
	if err := json.Unmarshal(r.Raw, &wire); err != nil {
		s.cfg.Log.Warn("what was found before cannot be read, and is left out", "record", r.Path,
			"error", err)
	}
	for _, w := range wire {
		f, err := w.finding(s.cfg.Genesis, evidence[w.Proof])
		if err != nil {
			s.cfg.Log.Warn("something that was found before is damaged, and is left out", "record",
				r.Path, "error", err)
			continue
		}
		f = f.told()
		s.findings = append(s.findings, f)
		s.sayFound(f)
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
