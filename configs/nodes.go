package configs

import "embed"

// Nodes has the configuration of each role, as ROLE.toml, with values that work as they are.
//
//go:embed mix.toml provider.toml authority.toml
var Nodes embed.FS
