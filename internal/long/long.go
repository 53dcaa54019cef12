// Package long is the tests that take longer than somebody waits who has changed a line: `go test
// ./...` leaves them out, or runs a small form of them, and `just long` runs them, as CI does; and
// what the variables of recipes say. The program never imports it, and it must not know what a test
// is about.
package long

import "testing"

// Form says whether tests run in their long forms: MURMUR_LONG is set.
func Form() bool { return Set("MURMUR_LONG") }

// Only leaves a test to the long run.
func Only(t *testing.T) {
	t.Helper()
	if !Form() {
		t.Skip("long: just long (MURMUR_LONG=1)")
	}
}
