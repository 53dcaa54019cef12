package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/bulletin"
	"murmuration/internal/cli/talk"
	"murmuration/internal/directory"
	"murmuration/sim/world"
)

// TestEvidence: two documents that contradict each other, and two bulletins, are told from two that
// do not, and from what nobody signed.
func TestEvidence(t *testing.T) {
	drawn, err := world.ParseNetwork("p1 p2 -> [m1] -> [m2] -> [m3]")
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.New(world.Config{Seed: 1, Network: drawn, Null: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	first, second := w.Document(1), w.Document(2)
	other := *first
	other.Previous[0] ^= 1
	unsigned := other
	other.Signatures = nil
	other.Sign(w.NodeOf(w.Genesis().Authorities[0].ID).Identity())

	maker := w.NodeOf(w.Genesis().Authorities[0].ID).Identity()
	body := bulletin.Body{Network: w.Genesis().ID(), Maker: maker.ID(), Slot: 7}
	lie := body
	lie.Entries = []box.Entry{{1}}
	fraud := bulletin.NewFraud(body.Sign(maker.PrivateKey()), lie.Sign(maker.PrivateKey()))

	dir := t.TempDir()
	write := func(name string, raw []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	genesis := write("genesis", w.Genesis().Marshal())
	for name, c := range map[string]struct {
		raw  []byte
		code int
		want string
	}{
		"two of one epoch": {(&directory.Contradiction{One: first, Other: &other}).Marshal(),
			talk.ExitDone,
			fmt.Sprintf("epoch 1, %s, signed by p", other.Digest())},
		"a broken chain": {(&directory.Contradiction{One: &other, Other: second}).Marshal(),
			talk.ExitDone, "does not follow"},
		"none": {(&directory.Contradiction{One: first, Other: second}).Marshal(),
			talk.ExitTrust, "do not contradict"},
		"unsigned": {(&directory.Contradiction{One: first, Other: &unsigned}).Marshal(),
			talk.ExitTrust, "bad signature"},
		"two bulletins": {fraud.Marshal(), talk.ExitDone, "signed two bulletins for slot 7"},
		"one bulletin": {bulletin.NewFraud(fraud.A, fraud.A).Marshal(), talk.ExitTrust,
			"prove no fraud"},
		"nonsense": {[]byte("nonsense"), talk.ExitTrust, "proves nothing: neither two bulletins ("},
	} {
		out, said, code := murmurSim(t, "network", "evidence", "--network", genesis,
			write("evidence", c.raw))
		if code != c.code || !strings.Contains(out+said, c.want) {
			t.Errorf("%s: code %d, %q, %q", name, code, out, said)
		}
	}
}
