package contact

import (
	"testing"

	"murmuration/client/ticket"
	"murmuration/internal/hostile"
)

// TestHostileForms: what a contact makes of sayings is refused, or has one spelling, and costs
// little.
func TestHostileForms(t *testing.T) {
	p := ticket.Profile{Name: "Ada"}
	var samples [][]byte
	for _, s := range []saying{
		{Type: sayHello}, {Type: sayBye}, {Type: sayProfile, Profile: &p},
		{Type: sayIntroduce, Introduce: &introduction{Name: "Ben", Day: 3}},
		{Type: sayContact, Contact: &Contact{Alias: "ada", Claimed: p, How: Invited}},
	} {
		samples = append(samples, s.marshal())
	}
	hostile.Feed(t, hostile.Decoder{Name: "saying", Most: 8192, Samples: samples,
		Again: func(b []byte) ([]byte, error) {
			s, err := parseSaying(b)
			if err != nil {
				return nil, err
			}
			return s.marshal(), nil
		}})
}
