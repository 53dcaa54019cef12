package directory

import (
	"fmt"
	"testing"
	"time"
)

// largeDocument has n nodes of the default suite, for one authority.
func largeDocument(b *testing.B, n int) (*Genesis, *Document) {
	b.Helper()
	p, err := Defaults("xwing")
	if err != nil {
		b.Fatal(err)
	}
	a := []Authority{{Name: "a1", ID: identity("a1").ID(), Addr: "127.0.0.1:7001"}}
	g, err := NewGenesis("large", testStart.Truncate(time.Second), p, a, a)
	if err != nil {
		b.Fatal(err)
	}
	names := []string{"a1", "p2"}
	for i := range n - 2 {
		names = append(names, fmt.Sprintf("m%d", i))
	}
	return g, testDocument(b, g, 1, Digest{}, names...)
}

// BenchmarkVerify is what a client or node does with each fetched document.
func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{12, 300} {
		b.Run(fmt.Sprintf("%d nodes", n), func(b *testing.B) {
			g, d := largeDocument(b, n)
			whole := d.Marshal()
			b.SetBytes(int64(len(whole)))
			b.ReportAllocs()
			for b.Loop() {
				d, err := ParseDocument(whole)
				if err != nil {
					b.Fatal(err)
				}
				if err := d.Verify(g); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTally(b *testing.B) {
	g, d := largeDocument(b, 300)
	v := &Vote{Network: g.ID(), Epoch: 2, By: identity("a1").ID(), Previous: d.Digest(),
		Parameters: g.Parameters}
	for _, n := range d.Nodes {
		v.Listings = append(v.Listings, Listing{Descriptor: describe(b, g, n.Name, 2)})
	}
	v.Sign(identity("a1"))
	for b.Loop() {
		if _, err := tally(g, d, 2, []*Vote{v}); err != nil {
			b.Fatal(err)
		}
	}
}
