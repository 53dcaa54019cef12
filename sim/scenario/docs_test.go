package scenario

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the table of keys into docs/simulation.md")

const (
	manual = "../../docs/simulation.md"
	begin  = "<!-- keys: written by go test ./sim/scenario -run Documentation -rewrite -->\n"
	end    = "<!-- end of keys -->\n"
)

// readers names the levels that read a key.
func readers(k Key) string {
	if k.Levels == every {
		return "all"
	}
	return strings.Join(k.Levels.Names(), ", ")
}

func keyTable() string {
	var b strings.Builder
	table := ""
	for _, k := range keys {
		head, _, nested := strings.Cut(k.Path, ".")
		if !nested && k.Unit != "list" {
			head = "the file itself"
		}
		if head != table {
			table = head
			fmt.Fprintf(&b,
				"\n**%s**\n\n| key | unit | default | read by | meaning |\n| --- | --- | --- | "+
					"--- | --- |\n", strings.ToUpper(head[:1])+head[1:])
		}
		meaning := k.Meaning
		if k.Choices != nil {
			meaning += "; one of " + strings.Join(k.Choices, ", ")
		}
		value := "–"
		if k.Default != "" {
			value = "`" + k.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.Path, k.Unit, value, readers(k),
			strings.ReplaceAll(meaning, "|", "\\|"))
	}
	return b.String() + "\n"
}

func TestDocumentationListsEveryKey(t *testing.T) {
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), begin)
	table, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the keys", manual)
	}
	if *rewrite {
		if err := os.WriteFile(manual, []byte(head+begin+keyTable()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != keyTable() {
		t.Errorf(
			"%s does not list the keys as they are; run go test ./sim/scenario -run "+
				"Documentation -rewrite", manual)
	}
}
