package founding

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"murmuration/internal/authority"
	"murmuration/internal/directory"
	"murmuration/internal/documents"
	"murmuration/internal/node"
	"murmuration/internal/testnet"
)

// ErrNobody says that nobody, or more than one, is meant by a name.
var ErrNobody = errors.New("is not one of those who are admitted")

// ErrNeeded says that the network cannot go on without a node.
var ErrNeeded = errors.New("the network needs it")

// Admitted is one node whom an authority admits, with what the newest document that it has says.
type Admitted struct {
	ID        directory.NodeID `json:"id"`
	Role      string           `json:"role"`
	Probation directory.Epoch  `json:"probation,omitempty"`
	Listed    bool             `json:"in_document"`
	Name      string           `json:"name,omitempty"`
	Addr      string           `json:"address,omitempty"`
}

// Prepare makes the keys and the configuration of an authority that no network names yet.
func Prepare(home, address, listen string) (*directory.Identity, error) {
	m := Member{Address: address, Listen: listen}
	if err := m.validate(); err != nil {
		return nil, err
	}
	if _, err := node.OpenKeys(home); err == nil {
		return nil, fmt.Errorf("%s has an identity already", home)
	}
	return settle(home, testnet.AuthorityFile, "", m.listen(address), address,
		&directory.Founding{})
}

// open opens the home of an authority, running or not.
func open(home string) (*node.Home, error) {
	h, err := node.OpenHome(home)
	if err != nil {
		return nil, err
	}
	if !h.Genesis.Names(h.Identity.ID()) {
		return nil, fmt.Errorf("%s is not the home of an authority of this network", home)
	}
	return h, nil
}

// newest is the newest document in a home, nil for none.
func newest(h *node.Home) (*directory.Document, error) {
	files, err := documents.OpenFiles(h.Path("documents"))
	if err != nil {
		return nil, err
	}
	set, err := documents.Open(documents.Config{Genesis: h.Genesis, Store: files,
		Follow: documents.Node(h.Genesis, 0)})
	if err != nil {
		return nil, err
	}
	return set.Latest(), nil
}

// List is who is admitted by the authority in home.
func List(home string) ([]Admitted, error) {
	h, err := open(home)
	if err != nil {
		return nil, err
	}
	list, err := authority.ReadAdmissions(h.Path(authority.AdmissionsFile))
	if err != nil {
		return nil, err
	}
	doc, err := newest(h)
	if err != nil {
		return nil, err
	}
	all := make([]Admitted, len(list))
	for i, a := range list {
		all[i] = Admitted{ID: a.ID, Role: a.Role.String(), Probation: a.Probation,
			Name: a.Name}
		if doc == nil {
			continue
		}
		if n, ok := doc.Node(a.ID); ok {
			all[i].Listed, all[i].Name, all[i].Addr = true, n.Name, n.Addr
		}
	}
	return all, nil
}

// Evict takes one node off the list of the authority in home: by its name in the document or its
// application, or by the first digits of its identity, eight at least. One that the network needs,
// or that is the authority's own provider, goes only anyway: else it is ErrNeeded.
func Evict(home, which string, anyway bool) (gone Admitted, err error) {
	all, err := List(home)
	if err != nil {
		return gone, err
	}
	found := 0
	for _, a := range all {
		if a.Name == which && which != "" || len(which) >= 8 &&
			strings.HasPrefix(a.ID.String(), which) {
			gone = a
			found++
		}
	}
	if found != 1 {
		return gone, fmt.Errorf("%q %w (%d fit)", which, ErrNobody, found)
	}
	if why, err := needed(home, gone.ID, all); err != nil {
		return gone, err
	} else if why != "" && !anyway {
		return gone, fmt.Errorf("%s %q: %w: %s", gone.Role, which, ErrNeeded, why)
	}
	path := filepath.Join(home, authority.AdmissionsFile)
	return gone, authority.ChangeAdmissions(path,
		func(l directory.Admissions) directory.Admissions { return l.Without(gone.ID) })
}

// needed is why a node must not be evicted, by the newest document in home and who is admitted
// still; empty if it may.
func needed(home string, id directory.NodeID, admitted []Admitted) (string, error) {
	h, err := open(home)
	if err != nil {
		return "", err
	}
	doc, err := newest(h)
	switch {
	case err != nil:
		return "", err
	case id == h.Identity.ID():
		return "this is the provider of this authority itself", nil
	case doc == nil: // a founder's, perhaps, for whom all others wait
		return "there is no network document here yet, and it alone says who can be spared", nil
	}
	return doc.Needs(id, func(other directory.NodeID) bool {
		return !slices.ContainsFunc(admitted, func(a Admitted) bool { return a.ID == other })
	}), nil
}
