package flow

import (
	"flag"
	"os"
	"testing"
)

// TestMain lowers the number of drawn networks, as each is a simulation; -rapid.checks asks for
// more.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		checks := "30"
		if racing {
			checks = "5"
		}
		if err := f.Value.Set(checks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
