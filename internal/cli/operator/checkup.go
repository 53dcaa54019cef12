package operator

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/internal/checkup"
	"murmuration/internal/cli/talk"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/node"
	"murmuration/internal/testnet"
	providernode "murmuration/provider/node"
)

// careCommands are what an operator asks a node of a role, whether it runs or not.
func careCommands(role directory.Role) []*cli.Command {
	what := role.String()
	return []*cli.Command{
		{
			Name: "status",
			Usage: "how the " + what + " does: in the document, reachable, loops, drops, clock, " +
				"files, disk",
			Flags:  []cli.Flag{homeFlag(what), talk.JSONFlag()},
			Action: func(c *cli.Context) error { return nodeStatus(c, role) },
		},
		{
			Name:  "doctor",
			Usage: "look at everything that the " + what + " needs, and say what to do",
			Description: "Home, configuration, keys, disk, ports, connection, clock, document, " +
				"and whether others reach it.\nExit code 3 if something needs you.",
			Flags:  []cli.Flag{homeFlag(what), talk.JSONFlag()},
			Action: func(c *cli.Context) error { return nodeDoctor(c, role) },
		},
		{
			Name: "leave", Usage: "leave the network: in no later document, and nothing is lost",
			Description: "The next document that is made is without the node, which serves out " +
				"those that have it and ends by\nitself. A provider takes no new boxes and no " +
				"new people first, and leaves when the time of its boxes is over.",
			Flags: []cli.Flag{homeFlag(what),
				&cli.BoolFlag{Name: "stay", Usage: "take it back"},
				&cli.BoolFlag{Name: "anyway", Usage: "although the network needs it"}},
			Action: func(c *cli.Context) error { return nodeLeave(c, role) },
		},
	}
}

// subject is the node of a home as a checkup looks at it.
func subject(home string, role directory.Role) checkup.Subject {
	s := checkup.Subject{Home: home, Role: role}
	path := filepath.Join(home, testnet.ConfigFile(role))
	if role == directory.RoleMix {
		s.Broken = config.Load(path, &s.Config)
		return s
	}
	cfg := providernode.Config{}
	s.Broken = config.Load(path, &cfg)
	if s.Config = cfg.Config; len(cfg.Databases.Postgres) == 0 {
		s.Boxes = filepath.Join(home, "boxes")
	}
	s.Reserve = uint64(cmp.Or(cfg.KeepFreeMiB, providernode.DefaultKeepFree)) << 20
	return s
}

func nodeDoctor(c *cli.Context, role directory.Role) error {
	return showFindings(c, checkup.Examine(c.Context, subject(c.String("home"), role)))
}

// showFindings prints a checkup, and ends with an error if something needs somebody.
func showFindings(c *cli.Context, all []checkup.Finding) error {
	rows := [][]string{}
	for _, f := range all {
		mark := "ok"
		if !f.OK {
			mark = "BAD"
		}
		rows = append(rows, []string{mark, f.Name, f.Says})
		if f.Do != "" {
			rows = append(rows, []string{"", "", "→ " + f.Do})
		}
	}
	var err error
	if c.Bool("json") {
		err = talk.JSON(c, all...)
	} else {
		err = talk.Table(c, rows)
	}
	if ill := len(checkup.Faults(all)); err == nil && ill > 0 {
		err = talk.Fail(talk.ExitNetwork, errors.New(talk.Plural(ill, "thing needs", "things need")+
			" you"), "")
	}
	return err
}

func nodeStatus(c *cli.Context, role directory.Role) error {
	home := c.String("home")
	if _, none := os.Stat(filepath.Join(home, testnet.ConfigFile(role))); none != nil {
		return talk.Fail(talk.ExitNotFound,
			fmt.Errorf("there is no %s in %s: %w", role, home, none),
			"--home is the directory that `murmur "+role.String()+" init` made.")
	}
	s, err := node.ReadState(home)
	if errors.Is(err, fs.ErrNotExist) {
		return talk.Fail(talk.ExitNotFound, fmt.Errorf("the %s in %s has never run", role, home),
			fmt.Sprintf("Start it: murmur %s run --home %s", role, talk.ShellWord(home)))
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return talk.JSON(c, *s)
	}
	pid, running, err := node.Running(home)
	if err != nil {
		return err
	}
	process := "does not run; what follows was at " + talk.When(s.At, talk.Second)
	if running {
		process = fmt.Sprintf("runs as process %d since %s", pid, talk.When(s.Started, talk.Second))
	}
	rows := [][]string{
		{"node", s.Name + ", " + s.Role + ", " + s.ID},
		{"process", process},
		{"version", s.Version + ", " + s.Revision},
		{"address", s.Address},
		{"document", place(*s)},
		{"links", fmt.Sprintf("%d of %d to the next layer are up", s.LinksUp, s.Links)},
		{"reached", cmp.Or(s.Reach, "nobody was asked to dial it yet; `doctor` asks")},
		{"clock", node.ClockWords(s.Ahead, s.Clocks)},
		{"packets", fmt.Sprintf("%d in, %d out", s.In, s.Out)},
		{"dropped", drops(s.Dropped)},
		{"replay set", fmt.Sprintf("%.0f %% full", 100*s.Fill)},
		{"files", files(*s)},
		{"disk", fmt.Sprintf("%d MiB free", s.DiskFree>>20)},
	}
	if role == directory.RoleMix {
		rows = append(rows, []string{"loops", loops(*s)})
	} else {
		rows = append(rows, []string{"people", fmt.Sprintf("%d of %d places are taken", s.Spools,
			s.Places)})
	}
	return talk.Table(c, rows)
}

// place is where the node stands in the network.
func place(s node.State) string {
	where := fmt.Sprintf("that in force in epoch %d has this node, in layer %d", s.Epoch, s.Layer)
	switch {
	case !s.InForce:
		where = "none is in force"
	case !s.InDocument:
		where = "this node is not in it"
	case s.Probation:
		where += ", on probation"
	}
	for _, more := range []string{s.Trouble, s.Refusal} {
		if more != "" {
			where += "; " + more
		}
	}
	if s.Twice {
		where += "; ANOTHER PROCESS HAS THIS IDENTITY"
	}
	if s.Leaving {
		where += leaves(s)
	}
	return where
}

// leaves is when a node that is to leave has left. A provider with boxes does not know it.
func leaves(s node.State) string {
	switch {
	case s.LeavesAt != "":
		return "; it leaves, at the latest at " + s.LeavesAt
	case s.Role == directory.RoleProvider.String():
		return "; it leaves once the time of its boxes is over: do not turn it off before it ends"
	}
	return "; it leaves"
}

func drops(all map[string]int) string {
	words := []string{}
	for _, reason := range slices.Sorted(maps.Keys(all)) {
		words = append(words, fmt.Sprintf("%s %d", reason, all[reason]))
	}
	return cmp.Or(strings.Join(words, ", "), "none worth counting")
}

func files(s node.State) string {
	if s.Files < 0 {
		return fmt.Sprintf("at most %d", s.FileLimit)
	}
	return fmt.Sprintf("%d open, at most %d", s.Files, s.FileLimit)
}

func loops(s node.State) string {
	text := fmt.Sprintf("%.0f %% came back", 100*s.Loops)
	if s.LoopAlarm {
		text += "; lost in a row over the links to " + strings.Join(s.Neighbours, ", ")
	}
	return text
}

func nodeLeave(c *cli.Context, role directory.Role) error {
	home := c.String("home")
	if c.Bool("stay") {
		if err := node.Stay(home); err != nil {
			return err
		}
		talk.Say(c, "the %s stays", role)
		return nil
	}
	opened, err := node.OpenHome(home)
	if err != nil {
		return err
	}
	if why := checkup.Irreplaceable(opened); why != "" && !c.Bool("anyway") {
		return talk.Fail(talk.ExitUser, errors.New(why), "Have another one join first. --anyway "+
			"leaves all the same.")
	}
	err = node.Leave(home)
	if errors.Is(err, node.ErrLeaving) {
		return talk.Fail(talk.ExitUser, err, "`murmur "+role.String()+" status` says how far it "+
			"is; --stay takes it back.")
	}
	if err != nil {
		return err
	}
	talk.Say(c, "the %s leaves: let it run, it ends by itself when nobody needs it any more", role)
	if lost := checkup.Signs(opened.Genesis, opened.Identity.ID()); lost != "" {
		talk.Say(c, "%s; so it is with others that leave now. --stay takes it back, and `murmur "+
			"authority succeed` has the network go on without it", lost)
	}
	if _, running, _ := node.Running(home); !running {
		talk.Say(c, "it does not run now: start it, if a document has it still")
	}
	return nil
}
