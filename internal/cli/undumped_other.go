//go:build !linux

package cli

// Undumped keeps the memory of this process from files: there is no core dump of it, where the
// system can be told so.
func Undumped() error { return limitCores() }
