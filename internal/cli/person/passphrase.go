package person

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/durable"
)

var passphraseFileFlag = &cli.StringFlag{Name: "passphrase-file",
	Usage: "read the passphrase from `FILE` (- is standard input) instead of asking"}

// newPassphrase asks twice; an empty passphrase must be asked for by name.
func newPassphrase(c *cli.Context) ([]byte, error) {
	return newSecret(c, passphraseFileFlag.Name, "New passphrase: ")
}

// newSecret reads one from the file of a flag, or asks twice.
func newSecret(c *cli.Context, flag, prompt string) ([]byte, error) {
	if c.Bool("no-passphrase") {
		if c.IsSet(flag) {
			return nil, talk.Usagef("--no-passphrase and --%s contradict each other: give one of "+
				"them", flag)
		}
		return nil, nil
	}
	first, err := secret(c, flag, prompt)
	if err != nil || c.String(flag) != "" {
		return first, err
	}
	again, err := secret(c, flag, "The same again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, again) {
		return nil, talk.Usagef("the two passphrases differ; nothing was made")
	}
	return first, nil
}

// maxPassphrase bounds what is read as a passphrase, in bytes.
const maxPassphrase = 4096

func passphrase(c *cli.Context, prompt string) ([]byte, error) {
	return secret(c, passphraseFileFlag.Name, prompt)
}

var errEmpty = talk.Usagef("the passphrase is empty; `murmur init --no-passphrase` makes a home " +
	"without one")

// secret reads a passphrase from the file of a flag, or asks for it.
func secret(c *cli.Context, flag, prompt string) (secret []byte, err error) {
	switch file := c.String(flag); {
	case file == "-":
		secret, err = talk.UntilDone(c.Context, func() ([]byte, error) {
			return io.ReadAll(io.LimitReader(c.App.Reader, maxPassphrase))
		})
	case file != "":
		secret, err = durable.ReadFile(file, maxPassphrase)
	case !talk.IsTerminalReader(c.App.Reader):
		return nil, talk.Fail(talk.ExitLocked,
			errors.New("a passphrase is needed, and this is no terminal"),
			"Use --"+flag+" FILE, or --no-passphrase when making the home.")
	default:
		fmt.Fprint(c.App.ErrWriter, prompt)
		secret, err = talk.Hidden(c.Context)
		fmt.Fprintln(c.App.ErrWriter)
	}
	secret = bytes.TrimRight(secret, "\r\n")
	if err == nil && len(secret) == 0 {
		err = errEmpty
	}
	return secret, err
}
