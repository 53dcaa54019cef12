package testnet

import (
	"cmp"
	"crypto/rand"
	"fmt"
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
	Contact string
}

// Apply makes the home of a volunteer's node with its configuration, and the signed application in
// it, whose path it returns. What running it would refuse later is refused here, before anything is
// made.
func Apply(v Volunteer) (path string, err error) {
	cfg := node.Config{Name: v.Name, Listen: v.Listen, Address: v.Address}
	capacity, create := mixnode.Capacity, mixnode.CreateHome
	if v.Role == directory.RoleProvider {
		capacity, create = providernode.Capacity, providernode.CreateHome
	}
	if err := cfg.Validate(); err != nil {
		return "", fmt.Errorf("applying: %w", err)
	}
	var seed [32]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return "", err
	}
	identity := directory.NewIdentity(seed)
	a := &directory.Application{
		Network: v.Genesis.ID(), ID: identity.ID(), Role: v.Role, Name: v.Name,
		Addr:     cmp.Or(v.Address, v.Listen),
		Capacity: uint64(capacity(v.Genesis.Parameters)), Contact: v.Contact,
	}
	a.Sign(identity)
	if err := a.Verify(v.Genesis); err != nil {
		return "", fmt.Errorf("applying: %w", err)
	}
	if _, err := create(v.Home, v.Genesis, seed); err != nil {
		return "", err
	}
	if err := Configure(v.Home, ConfigFile(v.Role),
		Settings{Name: v.Name, Listen: v.Listen, Address: v.Address}); err != nil {
		return "", err
	}
	path = filepath.Join(v.Home, applicationFile)
	return path, durable.WriteFile(path, a.Marshal(), 0o644)
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
