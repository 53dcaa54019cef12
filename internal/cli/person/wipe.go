package person

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client"
	"murmuration/client/api"
	"murmuration/client/socket"
	"murmuration/internal/cli/talk"
	"murmuration/internal/durable"
)

func passwdCommand() *cli.Command {
	return &cli.Command{
		Name: "passwd", Usage: "change the passphrase of a home, whose daemon does not run",
		Flags: []cli.Flag{
			personFlag(), passphraseFileFlag, newPassphraseFlag,
			&cli.BoolFlag{Name: "no-passphrase",
				Usage: "keep the data key in a file that only this user can read"},
		},
		Description: "Whoever has a copy of the home as it was opens that with the old " +
			"passphrase.\n\n   murmur passwd",
		Action: passwd,
	}
}

var newPassphraseFlag = &cli.StringFlag{Name: "new-passphrase-file",
	Usage: "read the new passphrase from `FILE` instead of asking"}

func passwd(c *cli.Context) error {
	home, err := personHome(c)
	if err != nil {
		return err
	}
	has, err := client.HasPassphrase(home)
	if err != nil {
		return err
	}
	var old []byte
	if has {
		if old, err = passphrase(c, "Passphrase: "); err != nil {
			return err
		}
	}
	defer clear(old)
	fresh, err := newSecret(c, newPassphraseFlag.Name, "New passphrase: ")
	if err != nil {
		return err
	}
	defer clear(fresh)
	if err := client.ChangePassphrase(home, old, fresh); err != nil {
		return err
	}
	talk.Say(c, "the passphrase of %s is changed", home)
	return nil
}

func wipeCommand() *cli.Command {
	return &cli.Command{
		Name: "wipe", Usage: "destroy a home for good: its key first, then everything",
		Flags: []cli.Flag{
			personFlag(),
			&cli.BoolFlag{Name: "yes", Usage: "do not ask for the name of the home"},
		},
		Description: "Needs no passphrase, and stops the daemon. Backups and what others have " +
			"stay.\n\n   murmur wipe --home ~/ada",
		Action: wipe,
	}
}

func wipe(c *cli.Context) error {
	cfg, err := personConfig(c)
	if err != nil {
		cfg.Home, err = personHome(c) // its configuration may be damaged
	}
	if err == nil {
		err = client.CheckWipe(cfg.Home)
	}
	if err != nil {
		return err
	}
	if err := confirmWipe(c, cfg.Home); err != nil {
		return err
	}
	if path, err := socket.Path(cfg.Home, cfg.Socket); err == nil {
		d := api.Dial(path)
		_ = d.Stop(c.Context) // most often none runs; if it goes on, the wipe says so
		d.Close()
	}
	left, err := wipeSoon(c, cfg.Home)
	if err != nil {
		return err
	}
	talk.Say(c, "%s is wiped", cfg.Home)
	for _, path := range left {
		talk.Say(c, "left, since it is not murmur's: %s", path)
	}
	return nil
}

// wipeSoon waits a little for a daemon that was stopped to end.
func wipeSoon(c *cli.Context, home string) (left []string, err error) {
	tick := time.NewTicker(daemonPatience / 40)
	defer tick.Stop()
	late := time.NewTimer(2 * daemonPatience)
	defer late.Stop()
	for {
		left, err = client.Wipe(home)
		var locked *durable.Locked
		if !errors.As(err, &locked) {
			return left, err
		}
		select {
		case <-c.Context.Done():
			return nil, c.Context.Err()
		case <-late.C:
			return nil, err
		case <-tick.C:
		}
	}
}

// confirmWipe asks for the name of the home's directory: what cannot be undone is not done by a
// slip.
func confirmWipe(c *cli.Context, home string) error {
	if c.Bool("yes") {
		return nil
	}
	abs, err := filepath.Abs(home)
	if err != nil {
		return fmt.Errorf("finding the home: %w", err)
	}
	name := filepath.Base(abs)
	fmt.Fprintf(c.App.ErrWriter, "Everything in %s will be gone for ever. To wipe it, type its "+
		"name, %s: ", abs, name)
	typed, err := talk.UntilDone(c.Context, func() ([]byte, error) {
		line, err := bufio.NewReader(c.App.Reader).ReadString('\n')
		if line != "" {
			err = nil
		}
		return []byte(line), err
	})
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil || strings.TrimSpace(string(typed)) != name {
		return talk.Fail(talk.ExitUser, errors.New("that is not its name; nothing was wiped"),
			"Type it again, or give --yes.")
	}
	return nil
}
