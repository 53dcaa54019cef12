//go:build unix

package talk

// fallbackEditor is on every Unix.
const fallbackEditor = "vi"

var shell = []string{"/bin/sh", "-c"}

// editing is how a shell runs an editor, which may have arguments of its own, on a file.
func editing(editor, file string) []string { return []string{editor + ` "$1"`, "murmur", file} }
