// Package person is the commands that a person uses: they ask the daemon of a home over its socket,
// but for those that make a home and run it.
//
// A feature has one file here, with its commands, what they print, and nothing that the daemon
// would have to know. The package must not open a store, and must not read of a network but through
// the daemon.
package person

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client"
	"murmuration/client/api"
	"murmuration/client/socket"
	"murmuration/internal/cli/talk"
	"murmuration/internal/config"
)

// Commands are what a person uses.
func Commands() []*cli.Command {
	return []*cli.Command{
		initCommand(),
		daemonCommand(),
		inviteCommand(),
		contactCommand(),
		profileCommand(),
		postCommand(),
		timelineCommand(),
		searchCommand(),
		quotaCommand(),
		guardCommand(),
		pinCommand("pin", "let a post stay, whatever its age", true),
		pinCommand("unpin", "let a post go with the others", false),
		showCommand(),
		reactCommand(),
		deleteCommand(),
		circleCommand(),
		dmCommand(),
		readCommand(),
		inboxCommand(),
		appCommand(),
		photoCommand(),
		feedCommand(),
		outboxCommand(),
		eventsCommand(),
		whoamiCommand(),
		statusCommand(),
		doctorCommand(),
		backupCommand(),
		deviceCommand(),
		exportCommand(),
		passwdCommand(),
		wipeCommand(),
	}
}

// personFlag is --home of a person. Each command has its own, since urfave/cli keeps state in
// flags.
func personFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "home", Usage: "the person's `DIR`", EnvVars: []string{"MURMUR_HOME"},
		DefaultText: "murmur in the user's data directory",
	}
}

// personHome is --home, $MURMUR_HOME, or the XDG data directory.
func personHome(c *cli.Context) (string, error) {
	if home := c.String("home"); home != "" {
		return home, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "murmur"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", talk.Fail(talk.ExitUser, fmt.Errorf("finding your home: %w", err),
			"Name one with --home DIR.")
	}
	return filepath.Join(home, ".local", "share", "murmur"), nil
}

// clientFile is the optional configuration in a person's home.
const clientFile = "client.toml"

// personConfig is the configuration of a home; a home without the file has the defaults.
func personConfig(c *cli.Context) (client.Config, error) {
	home, err := personHome(c)
	if err != nil {
		return client.Config{}, err
	}
	cfg := client.Config{}
	path := filepath.Join(home, clientFile)
	if _, err := os.Stat(path); err == nil {
		if err := config.Load(path, &cfg); err != nil {
			return cfg, talk.Fail(talk.ExitUser, fmt.Errorf("reading the configuration: %w", err),
				"Mend or remove the file; it is optional.")
		}
	}
	cfg.Home = home
	return cfg, nil
}

// daemonPatience is how long a command waits for a daemon that was started just before it.
const daemonPatience = 2 * time.Second

// daemon is the API of the daemon that runs for this home.
func daemon(c *cli.Context) (*api.Client, error) {
	d, err := dial(c)
	if err != nil {
		return nil, err
	}
	return d, answers(c.Context, d)
}

// dial is the API of this home's daemon, whether or not it runs.
func dial(c *cli.Context) (*api.Client, error) {
	cfg, err := personConfig(c)
	if err != nil {
		return nil, err
	}
	path, err := socket.Path(cfg.Home, cfg.Socket)
	if err != nil {
		return nil, err
	}
	if err := client.CheckHome(cfg.Home); err != nil {
		return nil, err
	}
	return api.Dial(path), nil
}

// asking makes a command of a function that talks to the daemon.
func asking(f func(*cli.Context, *api.Client) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		d, err := daemon(c)
		if err != nil {
			return err
		}
		defer d.Close()
		return f(c, d)
	}
}

// answers waits until the daemon does.
func answers(ctx context.Context, d *api.Client) error {
	tick := time.NewTicker(daemonPatience / 40)
	defer tick.Stop()
	late := time.NewTimer(daemonPatience)
	defer late.Stop()
	for {
		_, err := d.Ping(ctx)
		if !errors.Is(err, api.ErrNoDaemon) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return err
		case <-tick.C:
		}
	}
}
