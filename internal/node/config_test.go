package node

import (
	"strings"
	"testing"
)

func TestConfigValidation(t *testing.T) {
	for want, c := range map[string]Config{
		"": {Listen: "127.0.0.1:9101", Metrics: ":9201",
			Name: "mix-1.example_org"},
		"listen: missing":        {},
		"listen: \"9101\"":       {Listen: "9101"},
		"metrics: \"localhost\"": {Listen: "127.0.0.1:1", Metrics: "localhost"},
		"address: missing":       {Listen: "0.0.0.0:9101"},
		"name: ":                 {Listen: "127.0.0.1:1", Name: "my mix"},
		"family: ":               {Listen: "127.0.0.1:1", Family: strings.Repeat("x", 41)},
		"max_held: -1":           {Listen: "127.0.0.1:1", MaxHeld: -1},
		"packets_per_epoch: -5":  {Listen: "127.0.0.1:1", PacketsPerEpoch: -5},
		"max_conns_per_address":  {Listen: "127.0.0.1:1", MaxConnsPerAddress: -1},
	} {
		err := c.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	c := Config{Listen: "127.0.0.1:1"}.WithDefaults()
	if c.PacketsPerEpoch == 0 || c.MaxHeld == 0 || c.Transport == nil || c.Log == nil ||
		c.Address != c.Listen {
		t.Errorf("defaults are missing: %+v", c)
	}
}
