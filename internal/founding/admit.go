package founding

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"murmuration/internal/authority"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
)

// Why an application is not accepted as it is.
var (
	// ErrNameTaken says that another node has the name: authorities would refuse descriptors.
	ErrNameTaken = errors.New("another node of this network has that name")
	// ErrAlike says that people could take the node for another one.
	ErrAlike = errors.New("it could be taken for another node")
)

// Terms are how an authority admits a node.
type Terms struct {
	// Probation is for how many epochs from now the node carries loops of mixes alone; 0: for none.
	Probation directory.Epoch
	// Anyway admits one that could be taken for another.
	Anyway bool
}

// member is who is in a network, as far as the home of an authority knows.
type member struct {
	id         directory.NodeID
	name, addr string // empty: not known
}

// Admit puts the node of an application on the list of the authority in home. The authority reads
// the list before every vote, running or not. now is the epoch that runs.
func Admit(home, path string, now directory.Epoch, terms Terms) (*directory.Application, error) {
	here, err := open(home)
	if err != nil {
		return nil, err
	}
	application, err := readApplication(path, here.Genesis)
	if err != nil {
		return nil, err
	}
	all, err := members(here)
	if err != nil {
		return nil, err
	}
	if err := distinct(application, all, terms.Anyway); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	entry := directory.Admission{ID: application.ID, Role: application.Role,
		Name: application.Name}
	if terms.Probation > 0 {
		entry.Probation = now + 1 + terms.Probation
	}
	return application, authority.ChangeAdmissions(here.Path(authority.AdmissionsFile),
		func(l directory.Admissions) directory.Admissions { return l.Add(entry) })
}

func readApplication(path string, g *directory.Genesis) (*directory.Application, error) {
	raw, err := durable.ReadFile(path, directory.MaxApplication)
	if err != nil {
		return nil, err
	}
	application, err := directory.ParseApplication(raw)
	if err == nil {
		err = application.Verify(g)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return application, nil
}

// members are the authorities and entries of the genesis, who is admitted, and who is in the newest
// document.
func members(h *node.Home) (all []member, err error) {
	for _, a := range slices.Concat(h.Genesis.Authorities, h.Genesis.Entries) {
		all = append(all, member{a.ID, a.Name, a.Addr})
	}
	list, err := authority.ReadAdmissions(h.Path(authority.AdmissionsFile))
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		all = append(all, member{id: a.ID, name: a.Name})
	}
	doc, err := newest(h)
	if err != nil || doc == nil {
		return all, err
	}
	for _, n := range doc.Nodes {
		all = append(all, member{n.ID, n.Name, n.Addr})
	}
	return all, nil
}

// distinct says that nobody else has the name, one that looks like it, or the address.
func distinct(a *directory.Application, all []member, anyway bool) error {
	for _, m := range all {
		if m.id != a.ID && strings.EqualFold(m.name, a.Name) {
			return fmt.Errorf("%q: %w: %.16s", a.Name, ErrNameTaken, m.id)
		}
	}
	for _, m := range all {
		switch {
		case anyway || m.id == a.ID:
		case m.name != "" && directory.Alike(m.name, a.Name):
			return fmt.Errorf("%q: %w: the name looks like %q", a.Name, ErrAlike, m.name)
		case directory.SameAddr(m.addr, a.Addr):
			return fmt.Errorf("%q: %w: %s is at %s, too", a.Name, ErrAlike, m.name, m.addr)
		}
	}
	return nil
}
