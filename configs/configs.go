// Package configs holds the configuration files that the program ships, so that the binary has them
// without the source tree. It reads none of them: internal/config does.
package configs

import "embed"

// Network has the network presets, as network/NAME.toml.
//
//go:embed network/*.toml
var Network embed.FS
