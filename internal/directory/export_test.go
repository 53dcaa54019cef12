package directory

// Echo is the vote passed on by one more authority.
func (r *Relay) Echo(by *Identity) *Relay { return r.echo(by) }

// Endorse is a signature under any digest.
func Endorse(by *Identity, network NetworkID, e Epoch, digest Digest) *Endorsement {
	return &Endorsement{e, digest, Signature{By: by.ID(),
		Bytes: by.sign(labelDocument, network, digest)}}
}

// Heard is how many votes of an authority this one holds for the document in preparation.
func (a *Voter) Heard(of NodeID) int { return len(a.round.voters[of]) }

// Threshold and FaultBound are those of n authorities.
var Threshold, FaultBound = threshold, faultBound

// Names that only the tests of this package use.
const PhaseVotes = phaseVotes
