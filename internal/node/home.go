package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/link"
)

// Home is the directory of a node: who it is, and which network it belongs to.
//
//	genesis         the network (public)
//	identity.key    the seed of the node's Ed25519 identity, 32 bytes and a check of 8; whoever
//	                has it is the node
//	keys/           the Sphinx keys of the epochs, with the replay tags seen under them
//	documents/      network documents
//	lock            held while the node runs
type Home struct {
	Dir      string
	Genesis  *directory.Genesis
	Identity *directory.Identity
	Seed     link.Seed // of the same identity, for links
}

// Names of the files in a node's home.
const (
	genesisFile  = "genesis"
	identityFile = "identity.key"
	personDir    = "store" // what tells the home of a person
	maxGenesis   = 1 << 20 // bytes
)

// CreateHome makes the home of a new node in dir, with the identity of a fresh random seed. It
// refuses a directory that is somebody's home already: an identity that is overwritten is gone.
func CreateHome(dir string, genesis *directory.Genesis, seed [32]byte) (*Home, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a node's home: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, identityFile)); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("making a node's home: %s has an identity already; choose an "+
			"empty directory", dir)
	}
	raw := genesis.Marshal()
	there, err := os.ReadFile(filepath.Join(dir, genesisFile))
	if err == nil && !bytes.Equal(there, raw) {
		return nil, fmt.Errorf("making a node's home: %s has the genesis file of another network; "+
			"choose an empty directory", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, personDir)); err == nil {
		return nil, fmt.Errorf("making a node's home: somebody lives in %s; choose an empty "+
			"directory", dir)
	}
	if err := durable.WriteFile(filepath.Join(dir, genesisFile), raw,
		0o600); err != nil {
		return nil, err
	}
	if err := writeSecret(filepath.Join(dir, identityFile), seed); err != nil {
		return nil, err
	}
	return OpenHome(dir)
}

// CreateKeys makes a home that has an identity and no network yet, which Join gives it.
func CreateKeys(dir string, seed [32]byte) (*directory.Identity, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a node's home: %w", err)
	}
	for _, name := range []string{identityFile, genesisFile, personDir} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("making a node's home: %s is somebody's home already; choose "+
				"an empty directory", dir)
		}
	}
	if err := writeSecret(filepath.Join(dir, identityFile), seed); err != nil {
		return nil, err
	}
	return directory.NewIdentity(seed), nil
}

// OpenKeys reads who a home is, whether or not it has a network; fs.ErrNotExist means nobody.
func OpenKeys(dir string) (*directory.Identity, error) {
	seed, err := readSecret(filepath.Join(dir, identityFile))
	if err != nil {
		return nil, fmt.Errorf("opening node %s: %w", dir, err)
	}
	defer clear(seed[:])
	return directory.NewIdentity(seed), nil
}

// Join gives a home from CreateKeys its network; again with the same one is fine.
func Join(dir string, genesis *directory.Genesis) (*Home, error) {
	raw := genesis.Marshal()
	there, err := os.ReadFile(filepath.Join(dir, genesisFile))
	if err == nil && !bytes.Equal(there, raw) {
		return nil, fmt.Errorf("%s belongs to another network already", dir)
	}
	if err := durable.WriteFile(filepath.Join(dir, genesisFile), raw, 0o600); err != nil {
		return nil, err
	}
	return OpenHome(dir)
}

// Succeed replaces a home's genesis, a node's or a person's, by one that goes on from it, signed by
// enough of the old authorities. What runs goes by it from its next start on.
func Succeed(dir string, next *directory.Genesis) error {
	path := filepath.Join(dir, genesisFile)
	raw, err := durable.ReadFile(path, maxGenesis)
	if err != nil {
		return fmt.Errorf("reading the genesis of %s: %w", dir, err)
	}
	old, err := directory.ParseGenesis(raw)
	if err != nil {
		return fmt.Errorf("reading the genesis of %s: %w", dir, err)
	}
	if err := next.Follows(old); err != nil {
		return err
	}
	return durable.WriteFile(path, next.Marshal(), 0o600)
}

// OpenHome reads the home of a node that was created before.
func OpenHome(dir string) (*Home, error) {
	raw, err := durable.ReadFile(filepath.Join(dir, genesisFile), maxGenesis)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noNetwork(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("opening node %s: %w", dir, err)
	}
	genesis, err := directory.ParseGenesis(raw)
	if err != nil {
		return nil, fmt.Errorf("opening node %s: %s: %w\n  copy the network's genesis file again; "+
			"it must be the one with which the home was made", dir, genesisFile, err)
	}
	seed, err := readSecret(filepath.Join(dir, identityFile))
	if err != nil {
		return nil, fmt.Errorf("opening node %s: %w: %s", dir, err, mendSecret(err))
	}
	defer clear(seed[:])
	return &Home{Dir: dir, Genesis: genesis, Identity: directory.NewIdentity(seed),
		Seed: link.Seed(seed)}, nil
}

// mendSecret is what an operator can do about an identity that could not be read.
func mendSecret(err error) string {
	switch {
	case errors.Is(err, errOpen):
		return "whoever read it can be this node; if nobody else did, take their rights away " +
			"(chmod 600), else make a new node"
	case errors.Is(err, errDamaged), errors.Is(err, fs.ErrNotExist):
		return "restore it from a backup, or make a new node"
	case errors.Is(err, fs.ErrPermission):
		return "it is another user's: run the node as the one whose it is (ls -l), or give it to " +
			"this one (chown)"
	case durable.Passing(err):
		return durable.Trouble(err)
	}
	return "nothing is wrong with the node itself as far as can be seen: look at the disk"
}

// ErrNoNetwork says that a home has keys, and no genesis.
var ErrNoNetwork = errors.New("its network is not founded yet")

// noNetwork is what is wrong with a home that has no genesis.
func noNetwork(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, identityFile)); err == nil {
		return fmt.Errorf("opening node %s: there are keys, but %w: "+
			"`murmur network found` says who has to sign, and `murmur network succeed` takes the "+
			"genesis of a network that has named it since", dir, ErrNoNetwork)
	}
	return fmt.Errorf("opening node %s: there is no node in this directory; make one with "+
		"`murmur network new` or `murmur mix init`", dir)
}

// Lock takes the home for this process; the error of a second one names the first's process id.
func (h *Home) Lock() (*durable.Lock, error) {
	return durable.Acquire(filepath.Join(h.Dir, "lock"))
}

// Path is a file or directory of the home.
func (h *Home) Path(name string) string { return filepath.Join(h.Dir, name) }
