package person

import (
	"errors"

	"github.com/urfave/cli/v2"

	"murmuration/client"
	"murmuration/client/api"
	"murmuration/client/socket"
	"murmuration/client/store"
	"murmuration/internal/cli/talk"
)

func daemonCommand() *cli.Command {
	return &cli.Command{
		Name: "daemon", Usage: "hold the connection and the streams of this home",
		Subcommands: []*cli.Command{
			{Name: "run", Usage: "run until Ctrl-C; everything queued is kept",
				Flags:  []cli.Flag{personFlag(), passphraseFileFlag, talk.VerboseFlag()},
				Action: daemonRun},
			{Name: "stop", Usage: "stop the daemon of this home", Flags: []cli.Flag{personFlag()},
				Action: asking(daemonStop)},
		},
		Action: talk.NeedSubcommand,
	}
}

func daemonRun(c *cli.Context) error {
	cfg, err := personConfig(c)
	if err != nil {
		return err
	}
	path, err := socket.Path(cfg.Home, cfg.Socket)
	if err != nil {
		return err
	}
	cfg.Log = talk.Logger(c.App.ErrWriter, c.Bool("verbose"))
	person, err := client.New(cfg)
	if errors.Is(err, store.ErrPassphrase) { // the home has one: ask for it
		if cfg.Passphrase, err = passphrase(c, "Passphrase: "); err != nil {
			return err
		}
		person, err = client.New(cfg)
		clear(cfg.Passphrase)
	}
	if err != nil {
		return err
	}
	talk.Say(c, "the daemon of %s runs; Ctrl-C stops it, and the next start goes on", cfg.Home)
	return talk.Finish(api.Serve(c.Context, person, path, cfg.Log), person.Close)
}

func daemonStop(c *cli.Context, d *api.Client) error {
	return d.Stop(c.Context)
}
