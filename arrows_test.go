package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// arrows lists, for each room, the other rooms of this module that it may import. Rooms below it
// (client/feed for client) share its arrows and may import each other.
var arrows = map[string]struct {
	may string // rooms, by blanks
	why string
}{
	"main":    {"internal/cli", "main wires signals to the command line and nothing else"},
	"configs": {"", "files only"},
	"internal/testnet": {
		"mix mix/node provider/node internal/authority internal/node configs internal/config " +
			"internal/box internal/directory internal/durable internal/link",
		"whole private networks on one computer",
	},
	"internal/founding": {
		"internal/testnet internal/authority provider/node internal/node internal/documents " +
			"internal/link internal/directory internal/durable",
		"homes of a founder's nodes",
	},
	"internal/demo": {
		"internal/testnet client internal/directory internal/link",
		"the demo is made of what networks are made of",
	},
	"examples": {
		"client internal/directory internal/link",
		"programs of others: they talk to the socket, and only their tests to a daemon",
	},
	"internal/release":    {"", "which program this is"},
	"internal/transcript": {"", "text tests"},
	"internal/script": {
		"configs internal/exchange internal/box internal/directory internal/link internal/node " +
			"internal/sphinx",
		"the stage of the stories: strangers and liars on the wire, and no role",
	},
	"internal/drawn":   {"", "property tests"},
	"internal/counted": {"", "what tests say that they counted"},
	"internal/long":    {"", "tests that only long runs make"},
	"internal/hostile": {"internal/counted internal/long", "what strangers send, for tests"},
	"internal/defences": {"",
		"it takes defences of all rooms away by their texts, and imports none"},
	"internal/cli": {
		"internal/demo internal/founding internal/testnet internal/authority mix/node " +
			"provider/node client sim configs internal/supervised internal/config " +
			"internal/directory internal/bulletin internal/durable internal/link " +
			"internal/release internal/checkup internal/node",
		"commands call the role packages, and make and check the files of a network",
	},
	"mix": {
		"internal/transit internal/sphinx internal/directory internal/cover internal/replay",
		"a mix knows nothing of boxes or clients, and its core nothing of links or disks",
	},
	"mix/node": {
		"mix internal/node internal/directory",
		"a running mix is the core of a mix on the chassis of every node",
	},
	"internal/node": {
		"internal/backoff internal/documents internal/transit internal/sphinx internal/suite " +
			"internal/link internal/directory internal/replay internal/durable internal/release",
		"a chassis knows no role: roles are given to it",
	},
	"internal/checkup": {
		"internal/node internal/link internal/directory internal/replay internal/durable",
		"it looks at a node as its operator does, and runs none",
	},
	"internal/exchange": {"", "the frames of an exchange, for cores"},
	"internal/transit": {
		"internal/sphinx internal/directory",
		"the words in which pipeline and cores speak of packets",
	},
	"provider": {
		"mix internal/transit internal/sphinx internal/exchange internal/directory " +
			"internal/box internal/bulletin internal/token",
		"a provider is a mix of layer 0 that also holds boxes; of links it knows the frames of " +
			"an exchange",
	},
	"internal/authority": {
		"internal/backoff internal/documents internal/node internal/link internal/directory " +
			"internal/durable",
		"an authority knows no role of a node: it stands beside one, or alone",
	},
	"provider/node": {
		"internal/authority internal/exchange internal/documents provider mix internal/node " +
			"internal/transit " +
			"internal/link internal/directory internal/box internal/box/daystore " +
			"internal/box/pgstore internal/durable internal/bulletin internal/invitation " +
			"internal/token",
		"a running provider is the core of a provider on the chassis of every node",
	},
	"client": {
		"internal/exchange internal/backoff internal/documents internal/sphinx internal/suite " +
			"internal/link internal/directory internal/cover internal/box " +
			"internal/box/daystore internal/durable internal/bulletin internal/invitation " +
			"internal/token",
		"a client knows the network by its documents only",
	},
	"sim": {
		"sim/world configs internal/config internal/directory internal/durable",
		"numbers and files; no code of nodes but through the simulated world",
	},
	"sim/world": {
		"sim mix provider client internal/transit internal/sphinx internal/suite " +
			"internal/exchange internal/directory internal/replay internal/cover internal/box " +
			"internal/protocol internal/bulletin",
		"the simulated world runs the cores that the network runs, and none of its drivers",
	},
	"internal/sphinx": {"internal/suite", "bytes in, bytes out"},
	"internal/suite":  {"", "standard and crypto libraries only"},
	"internal/link":   {"internal/backoff", "frames without meaning"},
	"internal/directory": {
		"internal/suite internal/sphinx internal/backoff internal/token",
		"pure: no socket, no disk, no clock",
	},
	"internal/documents": {
		"internal/directory internal/link internal/durable",
		"network documents are fetched and kept in one way, for whoever needs them",
	},
	"internal/box": {"internal/siv", "boxes, and what a store of them is"},
	"internal/siv": {"", "a cipher: standard library only"},
	"internal/box/daystore": {
		"internal/box internal/durable",
		"boxes on a disk: who only speaks of boxes needs no database",
	},
	"internal/box/pgstore": {
		"internal/box internal/durable internal/backoff",
		"boxes in databases: who only speaks of boxes needs none",
	},
	"internal/bulletin": {
		"internal/box internal/directory",
		"what providers tell of boxes: bytes in, bytes out",
	},
	"internal/replay": {"internal/durable", "tags and their journal"},
	"internal/protocol": {
		"internal/sphinx internal/suite",
		"what all rooms agree on stands below all",
	},
	"internal/cover":      {"", "pure"},
	"internal/backoff":    {"", "pure"},
	"internal/packaging":  {"internal/durable", "what volunteers install"},
	"internal/supervised": {"", "what a service manager is told"},
	"internal/invitation": {"", "pure"},
	"internal/token":      {"", "pure"},
	"internal/durable":    {"", "standard library only"},
	"internal/config":     {"internal/directory configs", "files to checked values"},
}

// agreed is what any room may import, but those that stand on nothing.
const agreed = "internal/protocol"

var bare = []string{"configs", "internal/suite", "internal/sphinx", "internal/cover",
	"internal/durable", "internal/siv"}

// outside says which rooms may use a package that opens the way out of the program or to its user.
var outside = map[string]struct {
	rooms []string
	why   string
}{
	"net": {[]string{"internal/link", "internal/founding", "examples", "client/api",
		"client/cause", "client/socket", "internal/node", "internal/cli",
		"internal/checkup"},
		"sockets: links, the daemon's local API, the metrics listener; addresses to look at"},
	"net/http": {[]string{"client/api", "examples", "client", "internal/node/metrics"},
		"the daemon's local API, the metrics listener"},
	"crypto/tls": {[]string{"internal/link", "internal/box/pgstore"},
		"links, and what a database's address asks of them"},
	"github.com/jackc/pgx/v5/pgconn": {[]string{"internal/box/pgstore"},
		"stores hide behind interfaces"},
	"murmuration/internal/testnet/virtual": {nil, "only tests run in virtual time"},
	"github.com/pelletier/go-toml/v2":      {[]string{"internal/config"}, "one strict reader"},
	"github.com/pelletier/go-toml/v2/unstable": {[]string{"internal/config"},
		"one strict reader"},
	"github.com/urfave/cli/v2": {[]string{"internal/cli"},
		"the command line is one room"},
	"github.com/dgraph-io/badger/v4": {[]string{"internal/box/daystore", "client/store"},
		"stores hide behind interfaces"},
}

// forbidden packages do not build without cgo or cannot be had from the module proxy.
var forbidden = []string{
	"github.com/katzenpost/hpqc/kem/schemes", "github.com/katzenpost/hpqc/nike/schemes",
	"github.com/katzenpost/hpqc/nike/hybrid",
	"github.com/katzenpost/hpqc/sign/schemes", "github.com/katzenpost/hpqc/sign/hybrid",
	"github.com/katzenpost/hpqc/sign/sqisign",
	"github.com/katzenpost/hpqc/sign/falcon", "golang.org/x/crypto/curve25519", "C",
}

// writers are the rooms that may write files without internal/durable: what a person asked for by
// name and can make again, and internal/durable itself. What a node or a client keeps goes through
// it, fsynced.
var writers = []string{"internal/durable", "internal/cli", "internal/demo", "internal/transcript",
	"internal/script", "internal/defences", "sim"}

// roles are the libraries whose runnable examples must stand without any internal room.
var roles = []string{"mix", "mix/node", "provider", "provider/node", "client", "sim"}

type source struct {
	path string // relative to the root
	dir  string
	test bool
	file *ast.File
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, wrong := range judge(s.dir, imports(s.file)) {
			t.Errorf("%s: %s", s.path, wrong)
		}
	}
}

// TestArrowsAreHeld is the control: imports that must be refused.
func TestArrowsAreHeld(t *testing.T) {
	for dir, bad := range map[string]string{
		"internal/sphinx": "murmuration/internal/link",
		"internal/cover":  "murmuration/internal/protocol",
		"mix":             "murmuration/internal/box",
		"mix/node":        "murmuration/provider",
		"internal/node":   "murmuration/mix",
		"client/feed":     "murmuration/provider",
		"provider":        "net",
		"client":          "github.com/katzenpost/hpqc/kem/schemes",
		"attic":           "fmt",
	} {
		if len(judge(dir, []string{bad})) == 0 {
			t.Errorf("%s may import %s, which it must not", dir, bad)
		}
	}
}

// TestPropertiesAreDrawnTheSame: a package whose tests use rapid imports the room that fixes its
// seed.
func TestPropertiesAreDrawnTheSame(t *testing.T) {
	draws, fixed := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		for _, path := range imports(s.file) {
			draws[s.dir] = draws[s.dir] || s.test && path == "pgregory.net/rapid"
			fixed[s.dir] = fixed[s.dir] || s.test && path == "murmuration/internal/drawn"
		}
	}
	for dir, does := range draws {
		if does && !fixed[dir] {
			t.Errorf("the tests of %s draw other cases each time: import internal/drawn", dir)
		}
	}
}

func TestStateIsWrittenDurably(t *testing.T) {
	for _, s := range sources(t) {
		if found := plainWrites(s.file); !s.test && !slices.Contains(writers, roomOf(s.dir)) &&
			len(found) > 0 {
			t.Errorf("%s uses %v: write through internal/durable", s.path, found)
		}
	}
	control, err := parser.ParseFile(token.NewFileSet(), "p.go",
		`package p; import "os"; var _ = os.WriteFile("f", nil, 0o600)`, 0)
	if err != nil || len(plainWrites(control)) != 1 {
		t.Errorf("control: a plain write is not found, %v", err)
	}
}

// plainWrites are the calls that write a file and do not fsync it.
func plainWrites(f *ast.File) (found []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "os" &&
				slices.Contains([]string{"WriteFile", "Create", "CreateTemp", "OpenFile"},
					sel.Sel.Name) {
				found = append(found, "os."+sel.Sel.Name)
			}
		}
		return true
	})
	return found
}

// TestNullPacketsStayInTheSimulator: packets that hide nothing cannot be had from a name in a file,
// and no room but the simulated world makes them.
func TestNullPacketsStayInTheSimulator(t *testing.T) {
	users := map[string]bool{}
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "NullParams" {
				users[s.dir] = true
			}
			return true
		})
	}
	if len(users) > 1 || len(users) == 1 && !users["sim/world"] {
		t.Errorf("null packets are made in %v", users)
	}
}

// TestOneAdapterRunsTheWorld: in the simulator, nodes' code is reached through sim/world, and that
// from sim/level.
func TestOneAdapterRunsTheWorld(t *testing.T) {
	for _, s := range sources(t) {
		in := strings.HasPrefix(s.dir, "sim") && s.dir != "sim/level" && s.dir != "sim/world"
		if in && !s.test && slices.Contains(imports(s.file), "murmuration/sim/world") {
			t.Errorf("%s imports sim/world: only the adapter in sim/level does", s.path)
		}
	}
}

func judge(dir string, imported []string) (wrong []string) {
	room := roomOf(dir)
	rule, known := arrows[room]
	if !known {
		return []string{"the room " + dir + " has no arrows in arrows_test.go"}
	}
	for _, path := range imported {
		if slices.Contains(forbidden, path) {
			wrong = append(wrong, "imports "+path+", which does not build everywhere")
		}
		if out, ok := outside[path]; ok && !slices.Contains(out.rooms, room) &&
			!slices.Contains(out.rooms, dir) {
			wrong = append(wrong, "imports "+path+" ("+out.why+")")
		}
		own, inside := strings.CutPrefix(path, "murmuration/")
		if inside && roomOf(own) != room && !slices.Contains(strings.Fields(rule.may),
			roomOf(own)) &&
			(roomOf(own) != agreed || slices.Contains(bare, room)) {
			wrong = append(wrong, "imports "+path+" ("+rule.why+")")
		}
	}
	return wrong
}

// roomOf is the part of a folder that arrows start from: a role folder with all below it but the
// driver of a node, which is a room of its own, or one internal room.
func roomOf(dir string) string {
	parts := strings.Split(dir, "/")
	switch {
	case dir == "mix/node" || dir == "provider/node" || dir == "sim/world" ||
		dir == "internal/box/daystore" || dir == "internal/box/pgstore":
		return dir
	case dir == ".":
		return "main"
	case parts[0] == "internal" && len(parts) > 1:
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func imports(f *ast.File) (paths []string) {
	for _, spec := range f.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

func TestExamplesNeedNothingInternal(t *testing.T) {
	found := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test || !slices.Contains(roles, s.dir) ||
			!strings.HasPrefix(filepath.Base(s.path), "example") {
			continue
		}
		found[s.dir] = true
		if !strings.HasSuffix(s.file.Name.Name, "_test") {
			t.Errorf("%s is not in an external test package", s.path)
		}
		for _, path := range imports(s.file) {
			if strings.HasPrefix(path, "murmuration/internal/") {
				t.Errorf("%s imports %s: promote what a user of the library needs", s.path, path)
			}
		}
	}
	for _, role := range roles {
		if !found[role] {
			t.Errorf("%s has no example_test.go", role)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			documented[s.dir] = documented[s.dir] || len(s.file.Doc.Text()) > 40
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package in %s has no package comment", dir)
		}
	}
}

func sources(t *testing.T) []source {
	t.Helper()
	all, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// readSources parses the whole tree, once.
var readSources = sync.OnceValues(func() (all []source, err error) {
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" ||
			(strings.HasPrefix(d.Name(), ".") && path != ".")) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil,
			parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		all = append(all, source{path, filepath.ToSlash(filepath.Dir(path)),
			strings.HasSuffix(path, "_test.go"), f})
		return nil
	})
	return all, err
})
