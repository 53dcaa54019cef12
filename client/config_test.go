package client_test

import (
	"os"
	"strings"
	"testing"

	"murmuration/client"
	"murmuration/internal/config"
)

// TestShippedConfiguration reads configs/client.toml as it is, and with every key that it explains.
func TestShippedConfiguration(t *testing.T) {
	raw, err := os.ReadFile("../configs/client.toml")
	if err != nil {
		t.Fatal(err)
	}
	var cfg client.Config
	if err := config.Decode("client.toml", raw, &cfg); err != nil {
		t.Fatal(err)
	}
	used := strings.NewReplacer("# guard", "guard", "# socket", "socket").Replace(string(raw))
	if err := config.Decode("client.toml", []byte(used), &cfg); err != nil || cfg.Guard == "" ||
		cfg.Socket == "" {
		t.Fatalf("%+v, %v", cfg, err)
	}
}

func TestBadConfigurations(t *testing.T) {
	for text, line := range map[string]string{
		"guard = 5\n":        ":1",
		"\ngaurd = \"p1\"\n": ":2",
		"socket = \"/" + strings.Repeat("long/", 40) + "\"\n": ":1",
		"guard = \"p1\"\npayload_every = \"1s\"\n":            ":2",
	} {
		cfg := client.Config{Guard: "before"}
		err := config.Decode("client.toml", []byte(text), &cfg)
		if err == nil || !strings.Contains(err.Error(), "client.toml"+line) ||
			cfg.Guard != "before" {
			t.Errorf("%q: %v", text, err)
		}
	}
}
