// Package operator is the commands of who runs a network or a part of it: mixes, providers, private
// networks on one computer, and the demo.
//
// The package must not touch the home of a person.
package operator

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/testnet"
)

func homeFlag(what string) cli.Flag {
	return &cli.StringFlag{Name: "home", Usage: "the " + what + "'s `DIR`", Required: true}
}

// loadConfig reads the configuration in a node's home.
func loadConfig[T any](home string, role directory.Role, cfg *T) error {
	path := filepath.Join(home, testnet.ConfigFile(role))
	err := config.Load(path, cfg)
	if errors.Is(err, fs.ErrNotExist) {
		return talk.Fail(talk.ExitUser, fmt.Errorf("there is no %s in %s: %w", role, home, err),
			"Name its home with --home; `murmur network new` makes a whole network, `murmur mix "+
				"init` a mix.")
	}
	if err != nil {
		return talk.Fail(talk.ExitUser, fmt.Errorf("reading the configuration: %w", err),
			"Mend the file; `murmur network new` shows a good one.")
	}
	return nil
}
