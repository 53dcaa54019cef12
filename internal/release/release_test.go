package release

import (
	"runtime/debug"
	"testing"
)

func TestRevision(t *testing.T) {
	set := func(pairs ...string) (s []debug.BuildSetting) {
		for i := 0; i < len(pairs); i += 2 {
			s = append(s, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
		}
		return s
	}
	const hash = "34a48a8c0ffee34a48a8c0ffee"
	for want, settings := range map[string][]debug.BuildSetting{
		"unknown":       nil,
		"34a48a8c0ffe":  set("vcs.revision", hash, "vcs.modified", "false"),
		"34a48a8c0ffe+": set("vcs.modified", "true", "vcs.revision", hash),
		"34a":           set("vcs.revision", "34a"),
	} {
		if got := revision(settings); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
