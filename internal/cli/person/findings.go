package person

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
	"murmuration/internal/durable"
)

func networkFindingsCommand() *cli.Command {
	return &cli.Command{
		Name:  "findings",
		Usage: "what should not be about network documents and bulletins, and was not judged yet",
		Flags: []cli.Flag{
			personFlag(), talk.JSONFlag(),
			&cli.StringFlag{Name: "save",
				Usage: "write the first evidence, two that were signed, to `FILE`, for others to " +
					"check"},
			&cli.BoolFlag{Name: "judged",
				Usage: "forget them: you have looked at them, and the operators have explained " +
					"them"},
		},
		Action: asking(networkFindings),
	}
}

func networkFindings(c *cli.Context, d *api.Client) error {
	all, err := d.Findings(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = talk.JSON[api.Finding](c, all...)
	} else {
		err = printFindings(c, all)
	}
	if err == nil && c.IsSet("save") {
		err = saveEvidence(c, all)
	}
	if err != nil || !c.Bool("judged") {
		return err
	}
	return d.Judge(c.Context)
}

func printFindings(c *cli.Context, all []api.Finding) error {
	if len(all) == 0 && !c.IsSet("save") { // else its absence is an error, and said once
		talk.Say(c, "nothing was found")
	}
	rows := [][]string{}
	for _, f := range all {
		rows = append(rows, []string{talk.When(f.Seen, talk.Minute), f.What})
	}
	return talk.Table(c, rows)
}

func saveEvidence(c *cli.Context, all []api.Finding) error {
	if len(all) == 0 {
		return talk.Fail(talk.ExitUser,
			errors.New("nothing was found, so there is no evidence to save"), "")
	}
	if err := durable.WriteFile(c.String("save"), all[0].Evidence, 0o644); err != nil {
		return fmt.Errorf("writing the evidence: %w", err)
	}
	talk.Say(c, "the evidence is in %s", c.String("save"))
	return nil
}
