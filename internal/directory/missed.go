package directory

import "slices"

// Missed are the providers that documents before this one list, while they serve, and this one does
// not: they missed an epoch in which descriptors were handed in, or are gone. Their keys for the
// epoch of d are in those documents, so that who has such a provider for a guard can go on through
// it (docs/directory.md section 7). The newest listing of each counts; nil documents are nothing.
func (d *Document) Missed(before ...*Document) (missed []Node) {
	for _, old := range newestFirst(before) {
		if old.Epoch >= d.Epoch || !old.ValidAt(d.Epoch) {
			continue
		}
		for _, n := range old.Providers() {
			known := func(m Node) bool { return m.ID == n.ID }
			if _, listed := d.Node(n.ID); !listed && !slices.ContainsFunc(missed, known) {
				missed = append(missed, n)
			}
		}
	}
	return missed
}

func newestFirst(docs []*Document) []*Document {
	docs = slices.DeleteFunc(slices.Clone(docs), func(d *Document) bool { return d == nil })
	slices.SortFunc(docs, func(a, b *Document) int { return int(int64(b.Epoch) - int64(a.Epoch)) })
	return docs
}
