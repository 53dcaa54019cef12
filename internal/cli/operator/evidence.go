package operator

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/internal/bulletin"
	"murmuration/internal/cli/talk"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

func networkEvidenceCommand() *cli.Command {
	return &cli.Command{
		Name: "evidence", ArgsUsage: "FILE",
		Usage: "check that two network documents contradict each other, or two bulletins of one " +
			"provider, and say who signed them",
		Flags: []cli.Flag{&cli.StringFlag{
			Name: "network", Usage: "the network's genesis `FILE`", Required: true,
		}},
		Action: networkEvidence,
	}
}

func networkEvidence(c *cli.Context) error {
	path, err := talk.OneArgument(c, "FILE")
	if err != nil {
		return err
	}
	genesis, err := talk.ReadGenesis(c.String("network"))
	if err != nil {
		return err
	}
	raw, err := durable.ReadFile(path, directory.MaxContradiction)
	if err != nil {
		return talk.Fail(talk.ExitUser, err,
			"FILE is what `murmur network findings --save` wrote, "+
				"or in a node's home documents/EPOCH.contradiction, or frauds/PROVIDER.fraud.")
	}
	fraud, noFraud := bulletin.ParseFraud(raw)
	if noFraud == nil {
		return sayFraud(c, path, genesis, fraud)
	}
	proof, err := directory.ParseContradiction(raw)
	if err != nil {
		return provesNothing(path,
			fmt.Errorf("neither two bulletins (%w) nor two documents (%w)", noFraud, err))
	}
	if err := proof.Verify(genesis); err != nil {
		return provesNothing(path, err)
	}
	fmt.Fprintln(c.App.Writer, proof)
	for _, doc := range []*directory.Document{proof.One, proof.Other} {
		fmt.Fprintf(c.App.Writer, "epoch %d, %s, signed by %s\n",
			doc.Epoch, doc.Digest(), strings.Join(signers(genesis, doc), ", "))
	}
	return nil
}

func sayFraud(c *cli.Context, path string, g *directory.Genesis, f bulletin.Fraud) error {
	if err := f.Verify(g.ID()); err != nil {
		return provesNothing(path, err)
	}
	fmt.Fprintln(c.App.Writer, f)
	for _, b := range []bulletin.Bulletin{f.A, f.B} {
		fmt.Fprintf(c.App.Writer, "%d entries, %x\n", len(b.Entries), b.Hash())
	}
	return nil
}

func provesNothing(path string, err error) error {
	return talk.Fail(talk.ExitTrust, fmt.Errorf("%s proves nothing: %w", path, err), "")
}

func signers(g *directory.Genesis, doc *directory.Document) (names []string) {
	for _, s := range doc.Signatures {
		if a, ok := g.Authority(s.By); ok {
			names = append(names, a.Name)
		}
	}
	return names
}
