package directory

import "testing"

func TestAlike(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"heron", "HER0N", true}, {"cleo", "c1eo", true}, {"cleo", "deo", true},
		{"barn", "bam", true}, {"a-b", "a.b", true}, {"heron", "egret", false},
		{"mix-1", "mix-l", true}, {"mix-1", "mix-2", false},
	} {
		if Alike(c.a, c.b) != c.want || Alike(c.b, c.a) != c.want {
			t.Errorf("%s and %s: alike is not %v", c.a, c.b, c.want)
		}
	}
}

func TestSameAddr(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"[::1]:9101", "[0:0:0:0:0:0:0:1]:9101", true}, {"[::ffff:10.0.0.1]:1", "10.0.0.1:1", true},
		{"Ada.example.org:1", "ada.example.org.:1", true}, {"10.0.0.1:1", "10.0.0.1:2", false},
		{"10.0.0.1:1", "10.0.0.2:1", false}, {"ada.example.org:1", "ben.example.org:1", false},
	} {
		if SameAddr(c.a, c.b) != c.want || SameAddr(c.b, c.a) != c.want {
			t.Errorf("%s and %s: the same is not %v", c.a, c.b, c.want)
		}
	}
}
