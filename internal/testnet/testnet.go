// Package testnet makes whole private networks on one computer: the genesis, a home for every node,
// and the authorities' lists of who is admitted. `murmur network new` and `murmur demo` are
// made of it.
//
// It writes what nodes read at their start and runs nothing itself, but for Network.Run, which runs
// all nodes in one process, as the demo and tests want them.
package testnet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"murmuration/internal/authority"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/link"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

// Plan is what a private network shall be like.
type Plan struct {
	Dir       string
	Label     string
	Host      string // where every node listens, without a port: the system chooses those
	Providers int    // at least Parameters.Replicas + 1, so that no client needs its own for a box
	Width     int    // mixes in each layer
	// Authorities is how many of the providers are authorities, the first ones; 0: one
	Authorities int
	Parameters  directory.Parameters
	Start       time.Time // of epoch 0
}

// Node is one node of a private network.
type Node struct {
	Name string
	Role directory.Role
	Dir  string
	Addr string

	seed     [32]byte
	reserved *link.Reservation
}

// Network is a private network that was made just now. Its nodes' ports are bound until Release.
type Network struct {
	Plan    Plan
	Genesis *directory.Genesis
	Nodes   []*Node // providers first; the authority gives each mix its layer
}

// Validate says what is wrong with the plan.
func (p Plan) Validate() error {
	var errs []error
	if p.Providers < 2 || p.Providers > 64 {
		errs = append(errs, fmt.Errorf("%d providers: 2 to 64 make sense on one computer",
			p.Providers))
	}
	if p.Width < 1 || p.Width > 64 {
		errs = append(errs, fmt.Errorf("%d mixes in a layer: 1 to 64 make sense on one computer",
			p.Width))
	}
	if p.Authorities < 0 || p.Authorities > p.Providers {
		errs = append(errs, fmt.Errorf("%d authorities of %d providers", p.Authorities,
			p.Providers))
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return p.Parameters.ValidateFor(p.Providers)
}

// New makes the network in p.Dir, which must be empty or not there. If ctx ends before all is made,
// or something fails, nothing is left of it.
func New(ctx context.Context, p Plan) (*Network, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("planning a network: %w", err)
	}
	if err := emptyDir(p.Dir); err != nil {
		return nil, err
	}
	n := &Network{Plan: p}
	for i := range p.Providers {
		n.Nodes = append(n.Nodes, &Node{Name: fmt.Sprintf("provider-%d", i+1),
			Role: directory.RoleProvider})
	}
	for i := range p.Parameters.Layers * p.Width {
		n.Nodes = append(n.Nodes, &Node{Name: fmt.Sprintf("mix-%d", i+1), Role: directory.RoleMix})
	}
	if err := n.make(ctx); err != nil {
		n.Release()
		return nil, fmt.Errorf("making a network: %w", errors.Join(err, n.remove()))
	}
	return n, nil
}

func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making a network: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("making a network: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("making a network: %s is not empty; name a new directory", dir)
	}
	return nil
}

// remove takes away what make made, and the directory, if nothing else came into it.
func (n *Network) remove() error {
	var errs []error
	for _, node := range n.Nodes {
		errs = append(errs, os.RemoveAll(filepath.Join(n.Plan.Dir, node.Name)))
	}
	errs = append(errs, os.RemoveAll(n.GenesisFile()))
	_ = os.Remove(n.Plan.Dir)
	return errors.Join(errs...)
}

func (n *Network) make(ctx context.Context) error {
	for _, node := range n.Nodes {
		if err := n.settle(node); err != nil {
			return err
		}
	}
	if err := n.found(); err != nil {
		return err
	}
	for _, node := range n.Nodes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := n.createHome(node); err != nil {
			return err
		}
		if err := Configure(node.Dir, ConfigFile(node.Role),
			Settings{Name: node.Name, Listen: node.Addr,
				MaxClients: n.Plan.Parameters.Clients}); err != nil {
			return err
		}
	}
	if err := durable.WriteFile(n.GenesisFile(), n.Genesis.Marshal(), 0o644); err != nil {
		return err
	}
	return n.admitAll()
}

func (n *Network) createHome(node *Node) (err error) {
	if node.Role == directory.RoleProvider {
		_, err = providernode.CreateHome(node.Dir, n.Genesis, node.seed)
	} else {
		_, err = mixnode.CreateHome(node.Dir, n.Genesis, node.seed)
	}
	return err
}

// settle gives a node its identity, its directory and its port.
func (n *Network) settle(node *Node) (err error) {
	if _, err := rand.Read(node.seed[:]); err != nil {
		return err
	}
	node.Dir = filepath.Join(n.Plan.Dir, node.Name)
	if node.reserved, err = link.Reserve(n.Plan.Host + ":0"); err != nil {
		return err
	}
	node.Addr = node.reserved.Addr()
	return nil
}

// authorities are the providers that are authorities.
func (n *Network) authorities() []*Node { return n.Nodes[:max(1, n.Plan.Authorities)] }

// found writes the genesis: the first providers are authorities, all providers serve documents.
func (n *Network) found() (err error) {
	var entries []directory.Authority
	for _, node := range n.Nodes {
		if node.Role == directory.RoleProvider {
			entries = append(entries,
				directory.Authority{Name: node.Name, ID: directory.NewIdentity(node.seed).ID(),
					Addr: node.Addr})
		}
	}
	n.Genesis, err = directory.NewGenesis(n.Plan.Label, n.Plan.Start, n.Plan.Parameters,
		slices.Clone(entries[:len(n.authorities())]), entries)
	return err
}

// admitAll puts every node on the list of each authority.
func (n *Network) admitAll() error {
	var list directory.Admissions
	for _, node := range n.Nodes {
		list = list.Add(directory.Admission{ID: directory.NewIdentity(node.seed).ID(),
			Role: node.Role, Name: node.Name})
	}
	for _, a := range n.authorities() {
		if err := durable.WriteFile(filepath.Join(a.Dir, authority.AdmissionsFile),
			list.Marshal(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// GenesisFile is what clients and volunteers are given.
func (n *Network) GenesisFile() string { return filepath.Join(n.Plan.Dir, "genesis") }

// Release lets the ports go, for other processes to listen on.
func (n *Network) Release() {
	for _, node := range n.Nodes {
		if node.reserved != nil {
			node.reserved.Close()
		}
	}
}
