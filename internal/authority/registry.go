package authority

import (
	"cmp"
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
	if err = a.voter.Add(now, d); err == nil {
		a.noteVersion(d)
	}
	a.mu.Unlock()
	a.stir()
	return err
}

// noteVersion tells the operator which program a node runs, when that changes. Only who is admitted
// comes here. The caller holds mu.
func (a *Authority) noteVersion(d *directory.Descriptor) {
	if was, known := a.versions[d.ID]; !known || was != d.Version {
		a.versions[d.ID] = d.Version
		a.Log.Info("a node says which version it runs", "name", d.Name, "version",
			cmp.Or(d.Version, "none"))
	}
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
