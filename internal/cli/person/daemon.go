package person

import (
	"errors"
	"fmt"

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
				Action: daemonStop},
		},
		Action: talk.NeedSubcommand,
	}
}

// costs says in a line what the network takes and how fast it is.
func costs(b client.Budget) string {
	return fmt.Sprintf("this costs %.0f MB a day each way, whether or not you do anything; a post "+
		"is stored %s and read after about %s", b.BytesPerDay/1e6, b.PostWindow, about(b.PostSlow))
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
	if v := person.Network(); v.Epoch == 0 { // the first start: nothing was fetched yet
		talk.Say(c, "%s", costs(v.Budget))
	}
	return talk.Finish(api.Serve(c.Context, person, path, cfg.Log), person.Close)
}

// daemonStop is done where no daemon runs: that is what was asked for.
func daemonStop(c *cli.Context) error {
	d, err := dial(c)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Stop(c.Context); !errors.Is(err, api.ErrNoDaemon) {
		return err
	}
	talk.Say(c, "no daemon runs for this home: there is nothing to stop")
	return nil
}
