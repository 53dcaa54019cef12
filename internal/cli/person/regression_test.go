package person

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/client/photo"
)

// Each test here is of a bug that was there once, with a line of its history.

// History: A photo whose boxes held something else was shown like one that is here.
func TestBadPicturesAreTold(t *testing.T) {
	bad := api.Picture{State: photo.Bad}
	here := api.Picture{State: photo.Here}
	if pictureLine(bad) == pictureLine(here) {
		t.Errorf("both are %q", pictureLine(bad))
	}
}

// History: `network findings --save` said that there was nothing, and then that this is an error.
func TestNothingToSaveIsSaidOnce(t *testing.T) {
	for _, args := range [][]string{nil, {"--save", "x"}} {
		var said bytes.Buffer
		app := &cli.App{Writer: &said, ErrWriter: &said,
			ExitErrHandler: func(*cli.Context, error) {},
			Flags:          networkFindingsCommand().Flags, Action: func(c *cli.Context) error {
				if err := printFindings(c, nil); err != nil || !c.IsSet("save") {
					return err
				}
				return saveEvidence(c, nil)
			}}
		if err := app.Run(append([]string{"murmur"}, args...)); err != nil {
			fmt.Fprintln(&said, err)
		}
		if n := strings.Count(said.String(), "nothing was found"); n != 1 ||
			strings.Count(said.String(), "\n") != 1 {
			t.Errorf("%q: %q", args, &said)
		}
	}
}
