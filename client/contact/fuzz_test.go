package contact

import (
	"bytes"
	"testing"

	"murmuration/client/ticket"
)

func FuzzSayings(f *testing.F) {
	p := ticket.Profile{Name: "Ada"}
	for _, s := range []saying{
		{Type: sayHello}, {Type: sayBye}, {Type: sayProfile, Profile: &p},
		{Type: sayIntroduce, Introduce: &introduction{Name: "Ben", Day: 3}},
		{Type: sayContact, Contact: &Contact{Alias: "ada", Claimed: p, How: Invited}},
	} {
		if _, err := parseSaying(s.marshal()); err != nil {
			f.Fatal(err)
		}
		f.Add(s.marshal())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseSaying(b); err == nil && !bytes.Equal(s.marshal(), b) {
			t.Fatal("a saying with a second spelling")
		}
	})
}
