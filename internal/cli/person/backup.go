package person

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"murmuration/client"
	"murmuration/client/backup"
	"murmuration/internal/cli/talk"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

func backupCommand() *cli.Command {
	return &cli.Command{
		Name: "backup", Usage: "keep contacts, names and content in another place",
		Subcommands: []*cli.Command{{
			Name: "make", ArgsUsage: "FILE",
			Usage: "write what lasts of this home into a file, under a passphrase of its own",
			Flags: []cli.Flag{personFlag(), passphraseFileFlag},
			Description: "The file can be opened with the age tool, too. Whoever has it and its " +
				"passphrase\nreads everything and can be taken for you by your contacts.\n\n" +
				"   murmur backup make ~/stick/ada.age",
			Action: backupMake,
		}, {
			Name: "check", ArgsUsage: "FILE",
			Usage:       "read a backup to its end, and say whose it is, of when, and what it has",
			Flags:       []cli.Flag{passphraseFileFlag, talk.JSONFlag()},
			Description: "   murmur backup check ~/stick/ada.age",
			Action:      backupCheck,
		}, {
			Name: "restore", ArgsUsage: "FILE", Usage: "make a new home of a backup",
			Flags: []cli.Flag{
				personFlag(), backupPassphraseFlag, passphraseFileFlag,
				&cli.BoolFlag{Name: "no-passphrase",
					Usage: "keep the new home's data key in a file that only this user can read"},
				&cli.BoolFlag{Name: "link",
					Usage: "ask for the key of another device of yours (murmur device link)"},
				&cli.StringFlag{Name: "link-file", Usage: "read that key from `FILE`"},
				&cli.StringFlag{Name: "network",
					Usage: "refuse a backup of another network than that of this genesis `FILE`"},
			},
			Description: "The new home is another device of the same person: it tells the " +
				"contacts so, and they\nsee one line about it. The old home, if there still is " +
				"one, goes on as it is.\n\n   murmur backup restore ~/stick/ada.age --home ~/ada",
			Action: backupRestore,
		}},
		Action: talk.NeedSubcommand,
	}
}

var backupPassphraseFlag = &cli.StringFlag{Name: "backup-passphrase-file",
	Usage: "read the passphrase of the backup from `FILE` (- is standard input)"}

func backupMake(c *cli.Context) error {
	path, err := talk.OneArgument(c, "FILE")
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return talk.Fail(talk.ExitUser, fmt.Errorf("%s is there already", path),
			"Name another file, or remove this one if you are sure.")
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	passphrase, err := newSecret(c, passphraseFileFlag.Name, "Passphrase for the backup: ")
	if err != nil {
		return err
	}
	defer clear(passphrase)
	file, err := d.Backup(c.Context, passphrase)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := durable.Copy(path, file, 0o600); err != nil {
		return talk.Fail(talk.ExitUser, err, "No backup was made: make room, or name another file.")
	}
	fmt.Fprintln(c.App.Writer, path)
	talk.Say(c, "keep it in another place, and its passphrase in a third; make a new one every "+
		"month; try it: murmur backup check %s", talk.ShellWord(path))
	return nil
}

// openBackup opens the file that is named, and what it says of itself.
func openBackup(c *cli.Context, flag string) (*os.File, []byte, error) {
	path, err := talk.OneArgument(c, "FILE")
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, talk.Fail(talk.ExitUser, fmt.Errorf("reading the backup: %w", err),
			"Name the file that `murmur backup make` wrote.")
	}
	passphrase, err := secret(c, flag, "Passphrase of the backup: ")
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, passphrase, nil
}

// checked is what `backup check` says.
type checked struct {
	Name     string         `json:"name"`
	Network  string         `json:"network"` // its label
	ID       string         `json:"network_id"`
	Made     time.Time      `json:"made"`
	Records  map[string]int `json:"records"` // by bucket
	Bytes    int64          `json:"bytes"`
	Contacts int            `json:"contacts"`
	Posts    int            `json:"posts"`
	Photos   int            `json:"photos"`
	Feeds    int            `json:"feeds"` // that are followed
	Old      bool           `json:"old"`   // make a new one
}

func backupCheck(c *cli.Context) error {
	file, passphrase, err := openBackup(c, passphraseFileFlag.Name)
	if err != nil {
		return err
	}
	defer file.Close()
	defer clear(passphrase)
	s, err := backup.Check(file, passphrase)
	if err != nil {
		return err
	}
	said := checkedOf(s, time.Now())
	if c.Bool("json") {
		return talk.JSON(c, said)
	}
	fmt.Fprintf(c.App.Writer, "of %s, on network %s, made %s\n", strconv.Quote(said.Name),
		strconv.Quote(said.Network), said.Made.Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(c.App.Writer, "%s, %s, %s, %s; %d KiB\n",
		talk.Plural(said.Contacts, "contact", "contacts"),
		talk.Plural(said.Feeds, "followed feed", "followed feeds"),
		talk.Plural(said.Posts, "post", "posts"), talk.Plural(said.Photos, "photo", "photos"),
		(said.Bytes+1023)>>10)
	if said.Made.After(time.Now().AddDate(0, 0, 1)) {
		talk.Say(c, "it says that it was made in the future: a clock is wrong")
	}
	if said.Old {
		talk.Say(c, "it is older than two months: contacts change their doors, and one older than "+
			"three may not find them any more; make a new one now, while the home is there")
	}
	return nil
}

func checkedOf(s backup.Summary, now time.Time) checked {
	said := checked{
		Name: s.Head.Name, Made: s.Head.Time(), Records: s.Records, Bytes: s.Bytes,
		Contacts: s.Records["contacts"], Posts: s.Records["posts"], Photos: s.Records["photos"],
		Feeds: s.Records["follows"], Old: s.Head.Old(now), Network: "?",
	}
	if g, err := directory.ParseGenesis(s.Head.Genesis); err == nil {
		said.Network, said.ID = g.Label, g.ID().String()
	}
	return said
}

func backupRestore(c *cli.Context) error {
	home, err := personHome(c)
	if err != nil {
		return err
	}
	r := client.Restore{}
	if path := c.String("network"); path != "" {
		if r.Genesis, err = talk.ReadGenesis(path); err != nil {
			return err
		}
	}
	file, passphrase, err := openBackup(c, backupPassphraseFlag.Name)
	if err != nil {
		return err
	}
	defer file.Close()
	defer clear(passphrase)
	if r.Backup, err = backup.Open(file, passphrase); err != nil {
		return err
	}
	if r.Passphrase, err = newSecret(
		c, passphraseFileFlag.Name, "New passphrase for the home: "); err != nil {
		return err
	}
	defer clear(r.Passphrase)
	if r.Link, err = linkKey(c); err != nil {
		return err
	}
	if err := r.Into(home); err != nil {
		return err
	}
	talk.Say(c, "%s lives in %s, as of %s; next: murmur daemon run --home %s",
		r.Backup.Head.Name, home, r.Backup.Head.Time().Format("2006-01-02 15:04 MST"),
		talk.ShellWord(home))
	return nil
}
