package checkup

import (
	"fmt"
	"path/filepath"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
)

// Irreplaceable says why a network cannot go on without a node, by the newest document in its home,
// or that it has none; empty if it can.
func Irreplaceable(home *node.Home) string {
	id := home.Identity.ID()
	if _, named := home.Genesis.Authority(id); named && len(home.Genesis.Authorities) == 1 {
		return "this is the network's only authority: without it there are no more documents"
	}
	doc := newest(home)
	if doc == nil { // a founder's, perhaps, for whom all others wait
		return "there is no network document here yet, and it alone says who can be spared"
	}
	return doc.Needs(id, nil)
}

// Signs says what goes with a node that is an authority's, once it ends; empty for any other.
func Signs(g *directory.Genesis, id directory.NodeID) string {
	if _, named := g.Authority(id); !named {
		return ""
	}
	return fmt.Sprintf("it is one of the network's %d authorities too, of which %d must sign each "+
		"document: when it ends, that signature is missing", len(g.Authorities), g.Threshold)
}

// newest is the newest document that a home keeps; nil if it keeps none that is good.
func newest(home *node.Home) (found *directory.Document) {
	paths, _ := filepath.Glob(home.Path("documents/*.document"))
	for _, path := range paths {
		raw, err := durable.ReadFile(path, directory.MaxDocument)
		if err != nil {
			continue
		}
		doc, err := directory.ParseDocument(raw)
		if err == nil && doc.Verify(home.Genesis) == nil &&
			(found == nil || doc.Epoch > found.Epoch) {
			found = doc
		}
	}
	return found
}
