package sphinx

import (
	"fmt"
	"io"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// What the last hop finds behind its own block, after decrypting, must look
// random for every path length: else it would learn how long the path was.

// residueAlpha is the chance that a good implementation fails one test. Seeds
// are fixed, so a pass stays a pass.
const residueAlpha = 1e-4

// residues counts the byte values of the residue in n packets over paths of
// some length.
func residues(t *testing.T, p *Params, hops, n int,
	random func(seed byte) io.Reader) (counts [256]float64) {
	t.Helper()
	u, r := NewUnwrapper(p), newRoute(t, p, seeded(byte(hops)), hops)
	for i := range n {
		packet, err := p.New(random(byte(i)), r.hops, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range r.keys[:hops-1] {
			if _, err := u.Unwrap(key, packet); err != nil {
				t.Fatal(err)
			}
		}
		v := p.view(packet)
		if err := u.open(r.keys[hops-1], &v); err != nil {
			t.Fatal(err)
		}
		for _, b := range u.routing[p.blockSize():p.routingSize()] {
			counts[b]++
		}
	}
	return counts
}

// uniformP is the p-value of Pearson's chi-square test against equal counts.
func uniformP(counts [256]float64) float64 {
	var total float64
	for _, c := range counts {
		total += c
	}
	want := make([]float64, len(counts))
	for i := range want {
		want[i] = total / float64(len(counts))
	}
	chi := stat.ChiSquare(counts[:], want)
	return distuv.ChiSquared{K: float64(len(counts) - 1)}.Survival(chi)
}

func TestHeaderResidueIsRandom(t *testing.T) {
	for _, c := range []struct {
		suite   string
		packets int
	}{{"x25519", 60}, {"xwing", 8}} {
		p := mustParams(t, c.suite, 5, 0, true)
		for hops := 1; hops <= 5; hops++ {
			t.Run(fmt.Sprintf("%s/%d", c.suite, hops), func(t *testing.T) {
				good := residues(t, p, hops, c.packets,
					func(seed byte) io.Reader { return seeded(seed) })
				if pv := uniformP(good); pv < residueAlpha {
					t.Errorf("the residue is not random: p = %g", pv)
				}
				if hops == 5 {
					return // no unused hops, so nothing to fill
				}
				bad := residues(t, p, hops, c.packets,
					func(seed byte) io.Reader { return &zeroFiller{p, seeded(seed)} })
				if pv := uniformP(bad); pv >= residueAlpha {
					t.Errorf("control: zeros for unused hops go unseen: p = %g", pv)
				}
			})
		}
	}
}

// zeroFiller is a broken generator: zeros where unused hops are filled, which
// are the only reads of a whole number of blocks.
type zeroFiller struct {
	p      *Params
	random io.Reader
}

func (z *zeroFiller) Read(b []byte) (int, error) {
	if len(b)%z.p.blockSize() == 0 {
		clear(b)
		return len(b), nil
	}
	return z.random.Read(b)
}
