package testnet

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

// applicationFile is the name of a volunteer's application in their node's home.
const applicationFile = "application"

// Volunteer is somebody who wants to run a node for a network that exists already.
type Volunteer struct {
	Role    directory.Role
	Home    string
	Genesis *directory.Genesis
	Name    string
	Listen  string
	Address string // what others dial; empty: Listen
	Family  string // empty: alone
	Contact string
}

// Apply makes the home of a volunteer's node with its configuration, and the signed application in
// it, whose path it returns. What running it would refuse later is refused here, before anything is
// made.
func Apply(v Volunteer) (path string, err error) {
	cfg := node.Config{Name: v.Name, Listen: v.Listen, Address: v.Address}
	create := mixnode.CreateHome
	if v.Role == directory.RoleProvider {
		create = providernode.CreateHome
	}
	if err := cfg.Validate(); err != nil {
		return "", fmt.Errorf("applying: %w", err)
	}
	var seed [32]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return "", err
	}
	a, err := v.application(directory.NewIdentity(seed))
	if err != nil {
		return "", err
	}
	return wholly(v.Home, func() (string, error) {
		if _, err := create(v.Home, v.Genesis, seed); err != nil {
			return "", err
		}
		if err := Configure(v.Home, ConfigFile(v.Role),
			Settings{Name: v.Name, Listen: v.Listen, Address: v.Address}); err != nil {
			return "", err
		}
		return hand(v.Home, a)
	})
}

// wholly has a directory that is empty, or not there, filled, or empty again where that fails: what
// is half made would be in the way of the next try. In another one nothing is removed.
func wholly(dir string, fill func() (string, error)) (string, error) {
	there, err := os.ReadDir(dir)
	fresh := errors.Is(err, fs.ErrNotExist) || err == nil && len(there) == 0
	path, err := fill()
	if err != nil && fresh {
		made, _ := os.ReadDir(dir) // none, if the directory was not even made
		for _, e := range made {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return path, err
}

// Reapply writes the application of a node whose home is there anew, with its configuration as it
// is; without a contact it keeps the one that it has.
func Reapply(role directory.Role, home string, cfg node.Config, contact string) (string, error) {
	h, err := node.OpenHome(home)
	if err != nil {
		return "", err
	}
	if contact == "" {
		raw, err := durable.ReadFile(h.Path(applicationFile), directory.MaxApplication)
		if err == nil {
			if had, err := directory.ParseApplication(raw); err == nil {
				contact = had.Contact
			}
		}
	}
	v := Volunteer{Role: role, Home: home, Genesis: h.Genesis, Name: cfg.Name, Listen: cfg.Listen,
		Address: cfg.Address, Family: cfg.Family, Contact: contact}
	a, err := v.application(h.Identity)
	if err != nil {
		return "", err
	}
	return hand(home, a)
}

// application is what the volunteer signs.
func (v Volunteer) application(i *directory.Identity) (*directory.Application, error) {
	capacity := mixnode.Capacity
	if v.Role == directory.RoleProvider {
		capacity = providernode.Capacity
	}
	a := &directory.Application{
		Network: v.Genesis.ID(), ID: i.ID(), Role: v.Role, Name: v.Name,
		Addr:     cmp.Or(v.Address, v.Listen),
		Capacity: uint64(capacity(v.Genesis.Parameters)), Family: v.Family, Contact: v.Contact,
	}
	a.Sign(i)
	if err := a.Verify(v.Genesis); err != nil {
		return nil, fmt.Errorf("applying: %w", err)
	}
	return a, nil
}

// hand puts an application where the operator finds it.
func hand(home string, a *directory.Application) (string, error) {
	path := filepath.Join(home, applicationFile)
	if err := durable.WriteFile(path, a.Marshal(), 0o644); err != nil {
		return "", err
	}
	return path, nil
}

// homes are the directories below dir that look like a node's.
func homes(dir string) (found []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, e.Name(), "identity.key")); e.IsDir() &&
			err == nil {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	return found, nil
}
