// Package drawn makes property tests draw the same cases at every run, so that `go test ./...` says
// the same twice. A test package that uses rapid imports it for this effect; the program never
// does.
//
// MURMUR_SEED gives another seed, and 0 a new one each time: rapid prints the one that failed.
package drawn

import (
	"flag"
	"os"

	_ "pgregory.net/rapid" // registers the flag that is set here
)

func init() {
	seed := os.Getenv("MURMUR_SEED")
	if seed == "" {
		seed = "1"
	}
	if err := flag.Set("rapid.seed", seed); err != nil {
		panic("drawn: MURMUR_SEED: " + err.Error())
	}
}
