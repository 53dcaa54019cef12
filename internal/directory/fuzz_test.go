package directory

import (
	"bytes"
	"testing"
)

// fuzzForm feeds a decoder: no panic, and what is taken is written again the same.
func fuzzForm(f *testing.F, name string) {
	form := forms(f)[name]
	f.Add(form.sample)
	f.Add(form.sample[:len(form.sample)/2])
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if back, err := form.again(b); err == nil && !bytes.Equal(back, b) {
			t.Fatalf("%x is written as %x", b, back)
		}
	})
}

func FuzzGenesis(f *testing.F)     { fuzzForm(f, "genesis") }
func FuzzDescriptor(f *testing.F)  { fuzzForm(f, "descriptor") }
func FuzzApplication(f *testing.F) { fuzzForm(f, "application") }
func FuzzAdmissions(f *testing.F)  { fuzzForm(f, "admissions") }
func FuzzVote(f *testing.F)        { fuzzForm(f, "vote") }
func FuzzRelay(f *testing.F)       { fuzzForm(f, "relay") }
func FuzzRecord(f *testing.F)      { fuzzForm(f, "record") }
func FuzzEndorsement(f *testing.F) { fuzzForm(f, "endorsement") }

// FuzzDocument also verifies what it reads: a stranger's document reaches both.
func FuzzDocument(f *testing.F) {
	g := testGenesis(f, 1)
	d := testDocument(f, g, 3, Digest{}, someNodes...)
	if err := d.Verify(g); err != nil {
		f.Fatal(err)
	}
	f.Add(d.Marshal())
	d.Storing = nil
	f.Add(d.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseDocument(b)
		if err != nil {
			return
		}
		if !bytes.Equal(d.Marshal(), b) {
			t.Fatalf("%x is written otherwise", b)
		}
		_ = d.wellFormed(g)
		if d.Verify(g) == nil {
			for e := d.Epoch; d.ValidAt(e); e++ {
				for _, n := range d.Nodes {
					if _, err := d.Key(n.ID, e); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	})
}
