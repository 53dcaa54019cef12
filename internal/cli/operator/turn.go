package operator

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/durable"
)

// inTurn lets one command at a time change the file that it names first: of two that read it at
// once, the last one to write would undo what the other did.
func inTurn(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		path := c.Args().First()
		if path == "" {
			return action(c)
		}
		lock, err := durable.Turn(path)
		var locked *durable.Locked
		switch {
		case errors.As(err, &locked):
			return talk.Fail(talk.ExitLocked,
				fmt.Errorf("another command is at %s: %w", path, err),
				"Nothing was changed. Wait for it to end, and run the same line again.")
		case errors.Is(err, fs.ErrNotExist):
			return action(c) // it says what is not there
		case err != nil:
			return err
		}
		return errors.Join(action(c), lock.Over())
	}
}
