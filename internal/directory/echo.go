package directory

import (
	"fmt"
	"slices"
)

// Relay is a vote on its way between authorities, with the echoes of those who passed it on: each
// signs the vote's digest. With f+1 rounds of echoes, in which a vote seen in round r needs r
// signatures, all honest authorities hold the same votes at the end (Dolev and Strong, SIAM Journal
// on Computing 1983); so they see the same authorities vote twice.
type Relay struct {
	Vote   *Vote
	Echoes []Signature // sorted by authority, without the voter's own
}

type wireRelay struct {
	Vote   []byte      `cbor:"1,keyasint"`
	Echoes []Signature `cbor:"2,keyasint"`
}

// Marshal writes the canonical bytes.
func (r *Relay) Marshal() []byte { return encode(wireRelay{r.Vote.Marshal(), r.Echoes}) }

// ParseRelay reads what Marshal writes. Nothing is checked but the spelling: see Voter.AddVote.
func ParseRelay(b []byte) (*Relay, error) {
	var w wireRelay
	if err := decode(b, MaxRelay, &w); err != nil {
		return nil, fmt.Errorf("reading relayed vote: %w", err)
	}
	v, err := parseVote(w.Vote)
	if err != nil {
		return nil, err
	}
	return &Relay{v, w.Echoes}, nil
}

// Signers is how many authorities vouch for having seen the vote: the voter and those who echoed
// it.
func (r *Relay) Signers() int { return 1 + len(r.Echoes) }

// verify checks the vote and every echo.
func (r *Relay) verify(g *Genesis) error {
	digest := r.Vote.digest()
	for i, e := range r.Echoes {
		if _, ok := g.Authority(e.By); !ok || e.By == r.Vote.By {
			return fmt.Errorf("echo %d by %s, which is no other authority", i+1, e.By)
		}
		if i > 0 && r.Echoes[i-1].compare(e) >= 0 {
			return fmt.Errorf("echo %d is there twice or out of order", i+1)
		}
		if err := e.By.verify(labelEcho, r.Vote.Network, digest, e.Bytes); err != nil {
			return fmt.Errorf("echo: %w", err)
		}
	}
	return r.Vote.verify(g)
}

// echo is r with one more signature.
func (r *Relay) echo(i *Identity) *Relay {
	s := Signature{By: i.ID(), Bytes: i.sign(labelEcho, r.Vote.Network, r.Vote.digest())}
	at, _ := slices.BinarySearchFunc(r.Echoes, s, Signature.compare)
	return &Relay{r.Vote, slices.Insert(slices.Clone(r.Echoes), at, s)}
}

// KnownTo says whether an authority has seen the vote, by its own signature.
func (r *Relay) KnownTo(id NodeID) bool { return r.Vote.By == id || r.echoedBy(id) }

func (r *Relay) echoedBy(id NodeID) bool {
	_, ok := slices.BinarySearchFunc(r.Echoes, Signature{By: id}, Signature.compare)
	return ok
}
