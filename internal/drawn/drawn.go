// Package drawn makes property tests draw the same cases at every run, so that `go test ./...` says
// the same twice. A test package that uses rapid imports it for this effect; the program never
// does.
//
// MURMUR_SEED gives another seed, and 0 a new one each time, which stands in what a failed test
// says: also of what is counted over all that was drawn, where rapid names none.
package drawn

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"

	_ "pgregory.net/rapid" // registers the flag that is set here
)

func init() {
	seed := os.Getenv("MURMUR_SEED")
	if seed == "" {
		seed = "1"
	} else if seed == "0" {
		seed = fmt.Sprint(1 + rand.Uint64N(1<<32))
		fmt.Fprintf(os.Stderr, "drawn with MURMUR_SEED=%s\n", seed)
	}
	if err := flag.Set("rapid.seed", seed); err != nil {
		panic("drawn: MURMUR_SEED: " + err.Error())
	}
}

// Fewer lowers the number of draws of a package of which each is much work; a test package calls it
// in an init, and `-rapid.checks` still asks for more.
func Fewer(checks int) {
	if err := flag.Set("rapid.checks", strconv.Itoa(checks)); err != nil {
		panic("drawn: rapid.checks: " + err.Error())
	}
}
