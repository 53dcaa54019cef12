package directory

import (
	"encoding/hex"
	"strings"
	"testing"
)

// TestReaderIsStrict holds the CBOR reader by itself to what docs/directory.md forbids. Most of it
// the comparison with the canonical spelling would catch as well, but only after the memory was
// taken.
func TestReaderIsStrict(t *testing.T) {
	type body struct {
		Text string `cbor:"1,keyasint"`
		List []any  `cbor:"2,keyasint"`
	}
	read := func(spelling string) error {
		b, err := hex.DecodeString(spelling)
		if err != nil {
			t.Fatal(err)
		}
		return decMode.Unmarshal(b, new(body))
	}
	if err := read("a2016161028101"); err != nil {
		t.Fatalf("control: %v", err)
	}
	var pairs strings.Builder
	for i := range maxPairs + 1 {
		pairs.WriteString(hex.EncodeToString([]byte{0x18, 100 + byte(i), 0}))
	}
	for name, spelling := range map[string]string{
		"a key twice":       "a2016161016162",
		"no length":         "bf016161ff",
		"a text in chunks":  "a1017f6161ff",
		"a tag":             "a102 81 c100",
		"an unknown field":  "a10300",
		"bad UTF-8":         "a10161ff",
		"too deep":          "a10281" + strings.Repeat("81", maxDepth) + "00",
		"too long an array": "a10299" + "0401" + strings.Repeat("00", maxElements+1),
		"too large a map":   "a10281b821" + pairs.String(),
	} {
		if err := read(strings.ReplaceAll(spelling, " ", "")); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
