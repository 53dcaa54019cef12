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

// AuthorityFile is that of an authority that stands alone.
const AuthorityFile = "authority.toml"

// Settings are the values that a node's own configuration has in the place of the shipped one's;
// those that are zero stay as shipped.
type Settings struct {
	Name, Listen string
	Address      string // what others dial, if that is not Listen
	MaxClients   int    // of a provider
}

// Configure writes one of the shipped configurations into a node's home, with its comments.
func Configure(dir, file string, own Settings) error {
	text, err := configs.Nodes.ReadFile(file)
	if err != nil {
		return err
	}
	values := map[string]string{"listen": strconv.Quote(own.Listen)}
	if file != AuthorityFile {
		values["name"] = strconv.Quote(own.Name)
	}
	if own.Address != "" {
		values["address"] = strconv.Quote(own.Address)
	}
	if own.MaxClients > 0 && file == ConfigFile(directory.RoleProvider) {
		values["max_clients"] = strconv.Itoa(own.MaxClients)
	}
	for key, value := range values {
		line := regexp.MustCompile(`(?m)^(# )?` + key + ` = .*$`)
		if !line.Match(text) {
			return fmt.Errorf("the shipped %s has no line for %s", file, key)
		}
		text = line.ReplaceAllLiteral(text, []byte(key+" = "+value))
	}
	return durable.WriteFile(filepath.Join(dir, file), text, 0o600)
}
