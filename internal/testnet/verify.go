package testnet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
	mixnode "murmuration/mix/node"
	providernode "murmuration/provider/node"
)

// Verify checks everything about a private network that can be checked while it does not run, or
// does: genesis, homes, configurations, documents and their chain. It returns a line for each thing
// that it found good, and an error that joins everything that is wrong.
func Verify(dir string) (good []string, err error) {
	raw, err := durable.ReadFile(filepath.Join(dir, "genesis"), directory.MaxGenesis)
	if err != nil {
		return nil, err
	}
	genesis, err := directory.ParseGenesis(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "genesis"), err)
	}
	good = append(good, fmt.Sprintf("genesis    network %s, suite %s, %d of %d authorities sign",
		genesis.ID(), genesis.Parameters.Suite, genesis.Threshold, len(genesis.Authorities)))
	nodes, err := homes(dir)
	if err != nil {
		return good, err
	}
	if len(nodes) == 0 {
		return good, fmt.Errorf("%s has no node's home in it", dir)
	}
	var errs []error
	for _, home := range nodes {
		line, err := verifyHome(home, genesis)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		good = append(good, line)
	}
	return good, errors.Join(errs...)
}

func verifyHome(dir string, genesis *directory.Genesis) (string, error) {
	home, err := node.OpenHome(dir)
	if err != nil {
		return "", err
	}
	if home.Genesis.ID() != genesis.ID() {
		return "", fmt.Errorf("%s belongs to the network %s", dir, home.Genesis.ID())
	}
	role, err := verifyConfig(dir)
	if err != nil {
		return "", err
	}
	documents, err := verifyDocuments(home)
	if err != nil {
		return "", err
	}
	many := fmt.Sprintf("%d documents", documents)
	if documents == 1 {
		many = "1 document"
	}
	return fmt.Sprintf("%-10s %s: identity, configuration and %s are good", role,
		filepath.Base(dir), many), nil
}

func verifyConfig(dir string) (directory.Role, error) {
	if path := filepath.Join(dir, ConfigFile(directory.RoleProvider)); exists(path) {
		return directory.RoleProvider, config.Load(path, &providernode.Config{})
	}
	return directory.RoleMix, config.Load(filepath.Join(dir, ConfigFile(directory.RoleMix)),
		&mixnode.Config{})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// verifyDocuments checks signatures, form, and that each document follows the one before.
func verifyDocuments(home *node.Home) (n int, err error) {
	files, err := filepath.Glob(home.Path("documents/*.document"))
	if err != nil {
		return 0, err
	}
	var docs []*directory.Document
	for _, path := range files {
		raw, err := durable.ReadFile(path, directory.MaxDocument)
		if err != nil {
			return 0, err
		}
		doc, err := directory.ParseDocument(raw)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		docs = append(docs, doc)
	}
	sort.Slice(docs, func(i, j int) bool { return docs[i].Epoch < docs[j].Epoch })
	chain, err := directory.NewChain(home.Genesis, nil)
	for _, doc := range docs {
		if err == nil {
			err = chain.Accept(doc)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("documents of %s: %w", home.Dir, err)
	}
	return len(docs), nil
}
