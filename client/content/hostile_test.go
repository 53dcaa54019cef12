package content

import (
	"testing"

	"murmuration/internal/hostile"
)

// TestHostileForms: what strangers make of a post is refused, or has one spelling, and costs
// little.
func TestHostileForms(t *testing.T) {
	all := somePost()
	all.Nonce, all.Expires, all.Warning = [8]byte{1}, 3600, "spiders"
	setPhotos(2)(&all)
	setReply(someID, "Bob")(&all)
	setPoll(2, 3)(&all)
	var samples [][]byte
	for _, p := range []Post{somePost(), all} {
		b, err := p.Marshal(8192)
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, b)
	}
	hostile.Feed(t, hostile.Decoder{Name: "post", Most: 8192, Samples: samples,
		Again: func(b []byte) ([]byte, error) {
			_, err := ParsePost(b) // which itself compares with what it would write
			return nil, err
		}})
}
