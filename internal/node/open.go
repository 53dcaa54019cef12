package node

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
)

// OpenToOthers are the home itself and files in it that every user of this computer can write: a
// node goes by its configuration, and by a genesis that says who signs.
func OpenToOthers(dir string) (paths []string) {
	if runtime.GOOS == "windows" { // where these bits say nothing
		return nil
	}
	look := func(path string, info fs.FileInfo, err error) {
		if err == nil && info.Mode()&fs.ModeSymlink == 0 && info.Mode().Perm()&0o002 != 0 {
			paths = append(paths, path)
		}
	}
	info, err := os.Stat(dir)
	look(dir, info, err)
	entries, _ := os.ReadDir(dir) // whoever opens the home says what cannot be read
	for _, entry := range entries {
		info, err := entry.Info()
		look(filepath.Join(dir, entry.Name()), info, err)
	}
	return paths
}

// CloseToOthers is what to do about it.
const CloseToOthers = "Take their rights away (chmod -R o-w), and look whether the genesis and " +
	"the configuration are still yours: who can write them decides whom this node goes by."

// TellOpen says in the log of a node that starts what others can write in its home.
func TellOpen(dir string, log *slog.Logger) {
	if open := OpenToOthers(dir); len(open) > 0 {
		log.Warn("every user of this computer can write in this home", "paths", open, "do",
			CloseToOthers)
	}
}
