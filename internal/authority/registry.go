package authority

import (
	"context"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/directory/council"
	"murmuration/internal/link"
)

// Submit takes a descriptor of any node, this authority's own provider among them. Whoever hands it
// in may be a stranger: before admission and signature are checked, in memory, neither a file is
// read for them nor does the tally wait.
func (a *Authority) Submit(_ context.Context, d *directory.Descriptor) error {
	now := time.Now()
	admitted, err := a.roster.vouch(now, a.Home.Genesis, d)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.voter.Admit(admitted)
	err = a.voter.Add(now, d)
	a.mu.Unlock()
	a.stir()
	return err
}

// Knows implements node.Knower: whoever is admitted hands in descriptors before any document names
// them.
func (a *Authority) Knows(peer link.PublicKey) bool {
	id, list := directory.NodeID(peer), a.roster.now()
	return list.Admits(id, directory.RoleMix) || list.Admits(id, directory.RoleProvider)
}

// Admits lets the other authorities in.
func (a *Authority) Admits(peer link.PublicKey) bool {
	return a.Home.Genesis.Names(directory.NodeID(peer))
}

// Serve hears what another authority says until the link ends.
func (a *Authority) Serve(_ context.Context, conn link.Conn) error {
	return council.Hear(conn, a.hear)
}

func (a *Authority) hear(w council.Word) {
	now := time.Now()
	a.mu.Lock()
	var err error
	if w.Vote != nil {
		err = a.voter.AddVote(now, w.Vote)
	} else {
		err = a.voter.AddSignature(now, w.Signature)
	}
	a.mu.Unlock()
	if err != nil {
		a.refused.Add(1)
		a.Log.Debug("what another authority says does not count", "error", err)
		return
	}
	a.stir()
}
