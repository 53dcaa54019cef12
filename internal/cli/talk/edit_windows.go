package talk

// fallbackEditor is on every Windows.
const fallbackEditor = "notepad"

var shell = []string{"cmd", "/C"}

// editing is how a shell runs an editor, which may have arguments of its own, on a file.
func editing(editor, file string) []string { return []string{editor + ` "` + file + `"`} }
