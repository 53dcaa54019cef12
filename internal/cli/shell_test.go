package cli

import "testing"

func TestShellWord(t *testing.T) {
	for path, want := range map[string]string{
		"net/mix-1": "net/mix-1", "my net": "'my net'", "it's": `'it'\''s'`, "": "''", "a;rm": "'a;rm'", "~x": "'~x'", "$H": "'$H'",
	} {
		if got := shellWord(path); got != want {
			t.Errorf("%q is printed as %s, want %s", path, got, want)
		}
	}
}
