//go:build !race

package decoder

// raced says that the race detector watches.
const raced = false
