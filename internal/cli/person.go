package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"murmuration/client"
	"murmuration/client/api"
	"murmuration/client/store"
	"murmuration/internal/durable"
)

var passphraseFileFlag = &cli.StringFlag{Name: "passphrase-file",
	Usage: "read the passphrase from `FILE` (- is standard input) instead of asking"}

func initCommand() *cli.Command {
	return &cli.Command{
		Name: "init", Usage: "make a person's home: keys on this computer, and nowhere else",
		Flags: []cli.Flag{
			personFlag(),
			&cli.StringFlag{Name: "network", Usage: "the network's genesis `FILE`", Required: true},
			&cli.StringFlag{Name: "name",
				Usage: "the name to show to others; nothing else is asked for", Required: true},
			&cli.BoolFlag{Name: "no-passphrase",
				Usage: "keep the data key in a file that only this user can read"},
			passphraseFileFlag,
		},
		Action: initPerson,
	}
}

func initPerson(c *cli.Context) error {
	home, err := personHome(c)
	if err != nil {
		return err
	}
	genesis, err := readGenesis(c.String("network"))
	if err != nil {
		return err
	}
	passphrase, err := newPassphrase(c)
	if err != nil {
		return err
	}
	defer clear(passphrase)
	if err := client.Create(home, client.Init{Name: c.String("name"), Passphrase: passphrase,
		Genesis: genesis}); err != nil {
		return err
	}
	say(c, "%s lives in %s, on network %s; next: murmur daemon run --home %s", c.String("name"),
		home, genesis.Label, shellWord(home))
	return nil
}

// newPassphrase asks twice; an empty passphrase must be asked for by name.
func newPassphrase(c *cli.Context) ([]byte, error) {
	if c.Bool("no-passphrase") {
		if c.IsSet("passphrase-file") {
			return nil, usagef("--no-passphrase and --passphrase-file contradict each other: " +
				"give one of them")
		}
		return nil, nil
	}
	first, err := passphrase(c, "New passphrase: ")
	if err != nil || c.String("passphrase-file") != "" {
		return first, err
	}
	again, err := passphrase(c, "The same again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, again) {
		return nil, usagef("the two passphrases differ; nothing was made")
	}
	return first, nil
}

// maxPassphrase bounds what is read as a passphrase, in bytes.
const maxPassphrase = 4096

func passphrase(c *cli.Context, prompt string) (secret []byte, err error) {
	switch file := c.String("passphrase-file"); {
	case file == "-":
		secret, err = untilDone(c.Context, func() ([]byte, error) {
			return io.ReadAll(io.LimitReader(c.App.Reader, maxPassphrase))
		})
	case file != "":
		secret, err = durable.ReadFile(file, maxPassphrase)
	case !isTerminalReader(c.App.Reader):
		return nil, fail(exitLocked, errors.New("a passphrase is needed, and this is no terminal"),
			"Use --passphrase-file FILE, or --no-passphrase when making the home.")
	default:
		fmt.Fprint(c.App.ErrWriter, prompt)
		secret, err = hidden(c.Context)
		fmt.Fprintln(c.App.ErrWriter)
	}
	secret = bytes.TrimRight(secret, "\r\n")
	if err == nil && len(secret) == 0 {
		err = usagef("the passphrase is empty; `murmur init --no-passphrase` makes a home " +
			"without one")
	}
	return secret, err
}

func isTerminalReader(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func daemonCommand() *cli.Command {
	return &cli.Command{
		Name: "daemon", Usage: "hold the connection and the streams of this home",
		Subcommands: []*cli.Command{
			{Name: "run", Usage: "run until Ctrl-C; everything queued is kept",
				Flags:  []cli.Flag{personFlag(), passphraseFileFlag, verboseFlag},
				Action: daemonRun},
			{Name: "stop", Usage: "stop the daemon of this home", Flags: []cli.Flag{personFlag()},
				Action: asking(daemonStop)},
		},
		Action: needSubcommand,
	}
}

func daemonRun(c *cli.Context) error {
	cfg, err := personConfig(c)
	if err != nil {
		return err
	}
	socket, err := api.SocketPath(cfg.Home, cfg.Socket)
	if err != nil {
		return err
	}
	cfg.Log = logger(c.App.ErrWriter, c.Bool("verbose"))
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
	say(c, "the daemon of %s runs; Ctrl-C stops it, and the next start goes on", cfg.Home)
	return finish(api.Serve(c.Context, person, socket, cfg.Log), person.Close)
}

func daemonStop(c *cli.Context, d *api.Client) error {
	return d.Stop(c.Context)
}
