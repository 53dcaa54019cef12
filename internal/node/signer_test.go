package node

import (
	"fmt"
	"testing"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/suite"
)

// signer is the one authority of a network, with all its nodes' keys: it signs documents for tests.
type signer struct {
	testing.TB
	genesis *directory.Genesis
	voter   *directory.Voter
	people  []*directory.Identity // three providers, of which the first is the authority, and three mixes
	docs    map[directory.Epoch]*directory.Document
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	s := &signer{TB: t, docs: map[directory.Epoch]*directory.Document{}}
	var admitted directory.Admissions
	var entries []directory.Authority
	for i := range byte(6) {
		id := directory.NewIdentity([32]byte{i + 1})
		s.people = append(s.people, id)
		admitted = admitted.Add(directory.Admission{ID: id.ID(), Role: roleOf(i)})
		if i < 3 {
			entries = append(entries, directory.Authority{Name: fmt.Sprint("p", i), ID: id.ID(), Addr: fmt.Sprintf("127.0.0.1:%d", 2000+int(i))})
		}
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if s.genesis, err = directory.NewGenesis("signed", now, par, entries[:1:1], entries); err != nil {
		t.Fatal(err)
	}
	if s.voter, err = directory.NewVoter(directory.VoterConfig{Genesis: s.genesis, Identity: s.people[0], Admitted: admitted}, now); err != nil {
		t.Fatal(err)
	}
	return s
}

func roleOf(i byte) directory.Role {
	if i < 3 {
		return directory.RoleProvider
	}
	return directory.RoleMix
}

// signed is the document of epoch e, following the one before, or what change makes of it, signed again.
func (s *signer) signed(e directory.Epoch, change func(*directory.Document)) *directory.Document {
	s.Helper()
	if s.docs[e] == nil {
		s.sign(e)
	}
	doc, err := directory.ParseDocument(s.docs[e].Marshal())
	if err != nil {
		s.Fatal(err)
	}
	if change != nil {
		change(doc)
		doc.Signatures = nil
		doc.Sign(s.people[0])
	}
	return doc
}

func (s *signer) sign(e directory.Epoch) {
	s.Helper()
	now := s.genesis.Schedule().StartOf(e)
	for i, id := range s.people {
		if err := s.voter.Add(now, s.describe(byte(i), id, e)); err != nil {
			s.Fatal(err)
		}
	}
	for action := s.voter.Due(now); action.Do != directory.DoNothing; action = s.voter.Due(now) {
		switch action.Do {
		case directory.DoPersist:
			if err := s.voter.Persisted(action.Record); err != nil {
				s.Fatal(err)
			}
		case directory.DoPublish:
			s.docs[action.Document.Epoch] = action.Document
		}
	}
	if s.docs[e] == nil {
		s.Fatalf("no document for epoch %d", e)
	}
}

func (s *signer) describe(i byte, id *directory.Identity, e directory.Epoch) *directory.Descriptor {
	d := &directory.Descriptor{Network: s.genesis.ID(), ID: id.ID(), Role: roleOf(i), Name: fmt.Sprint("n", i),
		Addr: fmt.Sprintf("127.0.0.1:%d", 2000+int(i)), Epoch: e, Storing: i < 3, Capacity: 1000}
	kind, err := suite.ByName("x25519")
	if err != nil {
		s.Fatal(err)
	}
	for k := range d.Keys {
		key, err := kind.NewPrivateKey([suite.SeedSize]byte{i, byte(e) + byte(k), 1})
		if err != nil {
			s.Fatal(err)
		}
		d.Keys[k] = key.Public().Bytes()
	}
	d.Sign(id)
	return d
}
