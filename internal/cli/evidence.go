package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/internal/bulletin"
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
	path, err := oneArgument(c, "FILE")
	if err != nil {
		return err
	}
	genesis, err := readGenesis(c.String("network"))
	if err != nil {
		return err
	}
	raw, err := durable.ReadFile(path, directory.MaxContradiction)
	if err != nil {
		return fail(exitUser, err, "FILE is what `murmur network findings --save` wrote, "+
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
	return fail(exitTrust, fmt.Errorf("%s proves nothing: %w", path, err), "")
}

// readGenesis reads the file that a --network names.
func readGenesis(path string) (*directory.Genesis, error) {
	raw, err := durable.ReadFile(path, directory.MaxGenesis)
	if err != nil {
		return nil, fail(exitUser, fmt.Errorf("reading the genesis file: %w", err),
			"Whoever runs the network can give it to you.")
	}
	genesis, err := directory.ParseGenesis(raw)
	if err != nil {
		return nil, fail(exitUser, fmt.Errorf("%s: %w", path, err),
			"Ask for the network's genesis file again.")
	}
	return genesis, nil
}

func signers(g *directory.Genesis, doc *directory.Document) (names []string) {
	for _, s := range doc.Signatures {
		if a, ok := g.Authority(s.By); ok {
			names = append(names, a.Name)
		}
	}
	return names
}
