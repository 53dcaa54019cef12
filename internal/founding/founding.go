// Package founding is what the computer of a founder does when several found a network: it makes
// the homes of the founder's nodes with keys that never leave them, enters the founder into the
// founding document, and gives the homes their network when all have signed. It also shows how the
// authorities stand, from the home of one.
//
// It must not decide what makes a network, which internal/directory does, and the founding document
// goes from founder to founder by whatever way they have.
package founding

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"murmuration/internal/authority"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
	"murmuration/internal/testnet"
	providernode "murmuration/provider/node"
)

// The homes of a founder's nodes, in the founder's directory; a mix's has its number behind it.
const (
	providerDir  = "provider"
	authorityDir = "authority"
	mixDir       = "mix-"
	genesisFile  = "genesis"
)

// Member is what a founder decides.
type Member struct {
	Name    string
	Address string   // host:port that others dial
	Listen  string   // empty: the address if it is of this computer alone, else all at that port
	Alone   bool     // no provider beside the authority
	Mixes   []string // host:port of each mix that the founder brings
}

// Identity is the founder whose directory this is; fs.ErrNotExist means nobody yet.
func Identity(dir string) (*directory.Identity, error) {
	home, err := own(dir)
	if err != nil {
		return nil, err
	}
	return node.OpenKeys(home)
}

// own is the home of the founder's authority.
func own(dir string) (string, error) {
	for _, name := range []string{providerDir, authorityDir} {
		home := filepath.Join(dir, name)
		if _, err := os.Stat(filepath.Join(home, "identity.key")); err == nil {
			return home, nil
		}
	}
	return "", fmt.Errorf("there is no founder in %s: %w", dir, fs.ErrNotExist)
}

// ErrFounded says that this founder's homes have their network: what they are cannot be said anew.
var ErrFounded = errors.New("this founder's network is founded already")

// Open says that the homes in dir may still become part of the network that a document founds:
// there is no founder in dir yet, or one whose homes have no network, or have this one.
func Open(dir string, f *directory.Founding) error {
	home, err := own(dir)
	if err != nil {
		return nil // nobody yet
	}
	h, err := node.OpenHome(home)
	if errors.Is(err, node.ErrNoNetwork) {
		return nil
	}
	if err != nil {
		return err
	}
	if g, err := f.Genesis(); err == nil && g.ID() == h.Genesis.ID() {
		return nil
	}
	return fmt.Errorf("%w: %s is in %s %s, and the document is of another one", ErrFounded, home,
		h.Genesis.Label, h.Genesis.ID())
}

// Enter makes the founder's homes, if they are not there, and enters the founder into the document,
// or what the founder says anew.
func Enter(dir string, f *directory.Founding, m Member) error {
	if err := errors.Join(m.validate(), m.distinct(f)); err != nil {
		return err
	}
	if home, err := own(dir); err == nil {
		if h, err := node.OpenHome(home); err == nil {
			return fmt.Errorf("%w: %s is in %s %s", ErrFounded, home, h.Genesis.Label,
				h.Genesis.ID())
		}
	}
	home := filepath.Join(dir, providerDir)
	role := testnet.ConfigFile(directory.RoleProvider)
	if m.Alone {
		home, role = filepath.Join(dir, authorityDir), testnet.AuthorityFile
	}
	if there, err := own(dir); err == nil && there != home {
		return fmt.Errorf("this founder's keys are in %s: with --alone, or without, as before",
			there)
	}
	identity, err := settle(home, role, m.Name, m.listen(m.Address), m.Address, f)
	if err != nil {
		return err
	}
	r := directory.Founder{Name: m.Name, Addr: m.Address, Provider: !m.Alone}
	if had, ok := f.Founder(identity.ID()); ok {
		r.Serial = had.Serial + 1
	}
	for i, addr := range m.Mixes {
		number := fmt.Sprint(mixDir, i+1)
		mix, err := settle(filepath.Join(dir, number), testnet.ConfigFile(directory.RoleMix),
			m.Name+"-"+number, Member{}.listen(addr), addr, f)
		if err != nil {
			return err
		}
		r.Nodes = append(r.Nodes, mix.ID())
	}
	r.Sign(identity, f.Plan())
	return f.Enter(r)
}

func (m Member) validate() error {
	for _, addr := range append([]string{m.Address}, m.Mixes...) {
		cfg := node.Config{Name: m.Name, Listen: m.listen(addr), Address: addr}
		if err := cfg.Validate(); err != nil {
			return err
		}
		host, _, _ := net.SplitHostPort(addr)
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			return fmt.Errorf("address %q is every address of this computer, which nobody can "+
				"dial: give the name or address under which the others reach it", addr)
		}
	}
	return nil
}

// distinct says that the founder's nodes do not stand in each other's way, and that none has the
// name of another founder's mix.
func (m Member) distinct(f *directory.Founding) error {
	all := append([]string{m.Address}, m.Mixes...)
	for i, addr := range all {
		for _, other := range all[:i] {
			if directory.SameAddr(addr, other) {
				return fmt.Errorf("two nodes at %s: each needs a port of its own", addr)
			}
		}
	}
	for _, r := range f.Founders {
		if isMixOf(m.Name, r.Name) || isMixOf(r.Name, m.Name) {
			return fmt.Errorf("%q and %q: one reads like a mix of the other: take another name",
				m.Name, r.Name)
		}
	}
	return nil
}

// isMixOf says whether a name is like those that a founder's mixes have.
func isMixOf(name, founder string) bool {
	head, number, ok := strings.Cut(strings.ToLower(name), "-"+mixDir)
	return ok && number != "" && directory.Alike(head, founder)
}

// listen is where the node listens that others dial at an address.
func (m Member) listen(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return cmp.Or(m.Listen, addr)
	}
	return cmp.Or(m.Listen, ":"+port)
}

// settle makes one home with keys and configuration; one that is there keeps its keys.
func settle(home, file, name, listen, address string, f *directory.Founding) (
	*directory.Identity, error) {
	identity, err := node.OpenKeys(home)
	if errors.Is(err, fs.ErrNotExist) {
		var seed [32]byte
		if _, err := rand.Read(seed[:]); err != nil {
			return nil, err
		}
		identity, err = node.CreateKeys(home, seed)
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	return identity, testnet.Configure(home, file, testnet.Settings{Name: name, Listen: listen,
		Address: address, MaxClients: f.Parameters.Clients})
}

// Complete gives all homes of the founder their network, and says how each is run. It may be done
// again.
func Complete(dir string, f *directory.Founding) (genesis string, run []string, err error) {
	g, err := f.Genesis()
	if err != nil {
		return "", nil, err
	}
	if !f.Complete() {
		return "", nil, errors.New("not all founders have signed")
	}
	homes, err := filepath.Glob(filepath.Join(dir, "*", "identity.key"))
	if err != nil {
		return "", nil, err
	}
	for _, key := range homes {
		home := filepath.Dir(key)
		role, err := join(home, g, f.Admitted())
		if err != nil {
			return "", nil, err
		}
		run = append(run, fmt.Sprintf("murmur %s run --home %s", role, home))
	}
	genesis = filepath.Join(dir, genesisFile)
	return genesis, run, durable.WriteFile(genesis, g.Marshal(), 0o644)
}

// join gives one home its network.
func join(home string, g *directory.Genesis, admitted directory.Admissions) (role string,
	err error) {
	name := filepath.Base(home)
	switch {
	case name == providerDir:
		_, err = providernode.Join(home, g)
		role = "provider"
	case name == authorityDir:
		_, err = node.Join(home, g)
		role = "authority"
	case strings.HasPrefix(name, mixDir):
		_, err = node.Join(home, g)
		return "mix", err
	default:
		return "", fmt.Errorf("%s is no home that a founder has", home)
	}
	if err != nil {
		return role, err
	}
	list := filepath.Join(home, authority.AdmissionsFile)
	if _, err := os.Stat(list); err == nil {
		return role, nil // who was admitted since stays
	}
	return role, durable.WriteFile(list, admitted.Marshal(), 0o600)
}
