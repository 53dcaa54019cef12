package sphinx_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/internal/sphinx"
	"murmuration/internal/suite"
)

// A packet over two hops. Production passes crypto/rand.Reader.
func Example() {
	rng := rand.NewChaCha8([32]byte{})
	s, err := suite.ByName("xwing")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := sphinx.NewParams(s, 5, 2000, true)
	if err != nil {
		fmt.Println(err)
		return
	}
	mix, _ := s.NewPrivateKey([32]byte{1})
	provider, _ := s.NewPrivateKey([32]byte{2})
	path := []sphinx.Hop{
		{ID: sphinx.NodeID{1}, Key: mix.Public(), Delay: 2 * time.Second},
		{ID: sphinx.NodeID{2}, Key: provider.Public(), Recipient: &sphinx.RecipientID{7}},
	}
	packet, err := p.New(rng, path, nil, []byte("hello"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(packet), "bytes")

	u := sphinx.NewUnwrapper(p)
	r, err := u.Unwrap(mix, packet)
	fmt.Println(r.Kind, r.Next[0], r.Delay, err)
	r, err = u.Unwrap(provider, packet)
	fmt.Println(r.Kind, r.Recipient[0], err)
	_, user, err := p.ParsePayload(r.Payload)
	fmt.Println(string(bytes.TrimRight(user, "\x00")), err)
	// Output:
	// 16458 bytes
	// forward 2 2s <nil>
	// deliver 7 <nil>
	// hello <nil>
}
