package testnet

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"

	"murmuration/configs"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// ConfigFile is the name of the configuration in a node's home.
func ConfigFile(role directory.Role) string {
	if role == directory.RoleProvider {
		return "provider.toml"
	}
	return "mix.toml"
}

// Settings are the values that a node's own configuration has in the place of the shipped one's;
// those that are zero stay as shipped.
type Settings struct {
	Name, Listen string
	Address      string // what others dial, if that is not Listen
	MaxClients   int    // of a provider
}

// writeConfig writes the shipped configuration of a role into a node's home, with its comments.
func writeConfig(dir string, role directory.Role, own Settings) error {
	text, err := configs.Nodes.ReadFile(ConfigFile(role))
	if err != nil {
		return err
	}
	values := map[string]string{"name": strconv.Quote(own.Name),
		"listen": strconv.Quote(own.Listen)}
	if own.Address != "" {
		values["address"] = strconv.Quote(own.Address)
	}
	if own.MaxClients > 0 && role == directory.RoleProvider {
		values["max_clients"] = strconv.Itoa(own.MaxClients)
	}
	for key, value := range values {
		line := regexp.MustCompile(`(?m)^(# )?` + key + ` = .*$`)
		if !line.Match(text) {
			return fmt.Errorf("the shipped %s has no line for %s", ConfigFile(role), key)
		}
		text = line.ReplaceAllLiteral(text, []byte(key+" = "+value))
	}
	return durable.WriteFile(filepath.Join(dir, ConfigFile(role)), text, 0o600)
}
