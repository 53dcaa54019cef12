package node

import (
	"strings"
	"testing"

	"murmuration/internal/node"
)

func TestConfigValidation(t *testing.T) {
	good := node.Config{Listen: "127.0.0.1:1"}
	for want, c := range map[string]Config{
		"":                  {Config: good, MaxClients: 5},
		"listen: missing":   {},
		"max_clients: -1":   {Config: good, MaxClients: -1},
		"spool_packets: -1": {Config: good, SpoolPackets: -1},
		"keep_free_mib: -1": {Config: good, KeepFreeMiB: -1},
		"keep_free_mib: 63": {Config: good, KeepFreeMiB: 63},
	} {
		err := c.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

func TestSizesForPeople(t *testing.T) {
	for bytes, want := range map[int64]string{900: "900 bytes", 3 << 20: "3.0 MiB",
		3 << 29: "1.5 GiB", 2 << 40: "2.0 TiB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d is %s, want %s", bytes, got, want)
		}
	}
}
