package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// protocolFacts are the spellings of what internal/protocol says once. Each is matched against the
// expressions and declarations of every other room, printed on one line.
var protocolFacts = []struct {
	spelt *regexp.Regexp
	use   string
}{
	{regexp.MustCompile(`^"murmuration/(boxes|drop)"$`), "protocol.ServiceBoxes, ServiceDrop"},
	{regexp.MustCompile(`^(2 \* time\.Hour|time\.Hour \* 2|120 \* time\.Minute)$`),
		"protocol.WriteGrace, CatchUp"},
	{regexp.MustCompile(`(?i)^\w*(valid|validity|validepochs) = 3$`), "protocol.Validity"},
	{regexp.MustCompile(`(?i)(epoch\w*|length|\.duration\)?) / 4$`), "protocol.KeyGrace"},
	{regexp.MustCompile(`(?i)^(len\()?(\w+\.)*layers\)? \+ 2$`), "protocol.PathHops"},
	{regexp.MustCompile(`32 \+ 64 \+ 32|^(64|\w*[rR]ecordHeader\w*) \+ 8192$`),
		"protocol.RequestHead, DefaultPlaintext"},
	{regexp.MustCompile(`(?i)^\w*(overhead|framehead) = 32$`), "protocol.ExchangeOverhead"},
	{regexp.MustCompile(`(?i)^\w*(sealoverhead|boxtag) = 16$`), "protocol.SealOverhead"},
	{regexp.MustCompile(`^0\.577215`), "protocol.ErlangEntropy"},
	{regexp.MustCompile(`Truncate\(24 \* time\.Hour\)`), "protocol.DayOf, DayStart"},
}

// protocolApart are rooms in which a fact's spelling means something else, each with the reason.
var protocolApart = map[string]string{
	"internal/protocol": "it says them",
}

func TestProtocolStandsOnce(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || protocolApart[s.dir] != "" {
			continue
		}
		for _, found := range protocolSpellings(s.file) {
			t.Errorf("%s: %s", s.path, found)
		}
	}
}

// TestProtocolSpellingsAreFound is the control: what must be refused.
func TestProtocolSpellingsAreFound(t *testing.T) {
	for _, src := range []string{
		`const grace = 2 * time.Hour`,
		`var id = service("murmuration/drop")`,
		`const validEpochs = 3`,
		`var hops = net.Layers + 2`,
		`var grace = par.EpochLength / 4`,
		`const head = 1 + 1 + 2 + 32 + 64 + 32`,
		`const plain = 64 + 8192`,
		`const frameHead = 32`,
		`const sealOverhead = 16`,
		`var gamma = 0.57721566490153286`,
		`var day = t.Truncate(24 * time.Hour)`,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "p.go", "package p\n"+src, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(protocolSpellings(file)) == 0 {
			t.Errorf("%q is not found", src)
		}
	}
}

func protocolSpellings(file *ast.File) (found []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr, *ast.BasicLit, *ast.CallExpr:
			found = append(found, protocolFactsIn(spelling(n))...)
		case *ast.ValueSpec:
			for i := range min(len(n.Names), len(n.Values)) {
				fact := n.Names[i].Name + " = " + spelling(n.Values[i])
				found = append(found, protocolFactsIn(fact)...)
			}
		}
		return true
	})
	return found
}

func protocolFactsIn(text string) (found []string) {
	for _, fact := range protocolFacts {
		if fact.spelt.MatchString(text) {
			found = append(found, text+": say "+fact.use)
		}
	}
	return found
}

func spelling(n ast.Node) string {
	var b bytes.Buffer
	_ = printer.Fprint(&b, token.NewFileSet(), n) // to memory
	return strings.Join(strings.Fields(b.String()), " ")
}
