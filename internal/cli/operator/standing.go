package operator

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/talk"
	"murmuration/internal/founding"
)

func authorityStatusCommand() *cli.Command {
	return &cli.Command{
		Name: "status",
		Usage: "how the authorities stand: the newest document here, who signed it, and who is " +
			"reached from this computer",
		Flags:  []cli.Flag{homeFlag("authority"), talk.JSONFlag()},
		Action: authorityStatus,
	}
}

func authorityStatus(c *cli.Context) error {
	s, err := founding.Look(c.Context, c.String("home"))
	if err != nil {
		return notAuthority(err)
	}
	return showStanding(c, s)
}

// showStanding says how the authorities stand, and ends with an error if they do not stand well.
func showStanding(c *cli.Context, s founding.Standing) (err error) {
	if c.Bool("json") {
		err = talk.JSON(c, s)
	} else {
		err = printStanding(c, s)
	}
	if err != nil {
		return err
	}
	return stands(s)
}

func printStanding(c *cli.Context, s founding.Standing) error {
	talk.Print(c, "network    %s %.16s, %d of %d authorities sign", s.Network, s.ID,
		s.Threshold, len(s.Authorities))
	talk.Print(c, "now        epoch %d, phase %s", s.Epoch, s.Phase)
	talk.Print(c, "document   %s", document(s))
	if s.Missing != nil {
		talk.Print(c, "missing    epoch %d has no document here: %s", s.Missing.Epoch,
			s.Missing.Why)
		for _, note := range s.Missing.Notes {
			talk.Print(c, "           %s", note)
		}
	}
	talk.Print(c, "admitted   %s", talk.Plural(s.Admitted, "node", "nodes"))
	rows := [][]string{}
	for _, a := range s.Authorities {
		rows = append(rows, []string{a.Name, a.Addr, state(a)})
	}
	return talk.Table(c, rows)
}

// stands is an error if no document can be made, or the newest is over.
func stands(s founding.Standing) error {
	if reached := s.Reached(); reached < s.Threshold {
		return talk.Fail(talk.ExitNetwork,
			fmt.Errorf("%d of %s answer here, and it takes %d to make a document", reached,
				talk.Plural(len(s.Authorities), "authority", "authorities"), s.Threshold),
			"Tell the operators of those that do not.")
	}
	if s.Document != nil && s.Document.Ended {
		return talk.Fail(talk.ExitNetwork,
			fmt.Errorf("the document of epoch %d has ended, and nothing is carried",
				s.Document.Epoch),
			"The authorities that answer make the next one in the next epoch; if they do not, "+
				"look at their logs.")
	}
	return nil
}

func document(s founding.Standing) string {
	if s.Document == nil {
		return "none yet: it is made in the epoch after enough authorities run"
	}
	words := fmt.Sprintf("epoch %d, %s, signed by %s", s.Document.Epoch,
		talk.Plural(s.Document.Nodes, "node", "nodes"), strings.Join(s.Document.Signers, ", "))
	if s.Document.Ended {
		words += "; it has ended, and nothing is carried"
	}
	return words
}

func state(a founding.Seat) string {
	switch {
	case a.Self && !a.Reached:
		return "this one; it does not run, or is not reached at that address: " + a.Error
	case !a.Reached:
		return "not reached: " + a.Error
	case a.False != "":
		return "reached; it serves a document that is not true: " + a.False
	case a.Epoch == nil:
		return "reached; it has no document yet"
	}
	return fmt.Sprintf("reached; it has the document of epoch %d", *a.Epoch)
}
