package person

import (
	"github.com/urfave/cli/v2"

	"murmuration/client"
	"murmuration/internal/cli/talk"
)

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
	genesis, err := talk.ReadGenesis(c.String("network"))
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
	talk.Say(c, "%s lives in %s, on network %s; next: murmur daemon run --home %s",
		c.String("name"),
		home, genesis.Label, talk.ShellWord(home))
	talk.Say(c, "%s", costs(client.BudgetOf(genesis.Parameters)))
	return nil
}
