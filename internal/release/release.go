// Package release is which murmur this is: its version, and the revision that it was built from. It
// must not know what has changed between two of them.
package release

import "runtime/debug"

// Version is what `murmur --version` prints.
const Version = "0.1.0"

// Revision is the commit that the program was built from, with "+" behind it if files were changed;
// "unknown" if the build does not say.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	return revision(info.Settings)
}

const unknown = "unknown"

func revision(settings []debug.BuildSetting) string {
	of := map[string]string{}
	for _, s := range settings {
		of[s.Key] = s.Value
	}
	r := of["vcs.revision"]
	if r == "" {
		return unknown
	}
	r = r[:min(12, len(r))]
	if of["vcs.modified"] == "true" {
		r += "+"
	}
	return r
}
