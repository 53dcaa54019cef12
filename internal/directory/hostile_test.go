package directory

import (
	"testing"

	"murmuration/internal/hostile"
)

// TestHostileForms: what strangers make of each signed or stored form is refused, or has one
// spelling, and costs little.
func TestHostileForms(t *testing.T) {
	most := map[string]int{"genesis": MaxGenesis, "succession": MaxGenesis, "successor": MaxGenesis,
		"founding": MaxFounding, "descriptor": MaxDescriptor, "application": MaxApplication,
		"admissions": MaxAdmissions, "document": MaxDocument, "vote": MaxDocument,
		"relay": MaxRelay, "record": MaxRecord, "endorsement": MaxEndorsement}
	for name, form := range forms(t) {
		hostile.Feed(t, hostile.Decoder{Name: name, Samples: [][]byte{form.sample},
			Most: most[name], Again: form.again})
	}
}
