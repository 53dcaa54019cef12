// Package scenarios carries the simulator's shipped scenarios, so that `murmur sim verify` and
// `murmur sim init --from` work wherever the program is. Each file says in its comment what it
// reproduces.
package scenarios

import "embed"

// Files are the scenario files, by name: "loopix.toml".
//
//go:embed *.toml
var Files embed.FS
