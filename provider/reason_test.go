package provider

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"murmuration/internal/transit"
	"murmuration/mix"
)

// TestEveryReasonIsCounted: whatever a packet can be dropped for is on the list of its role, once,
// under a label that a page of metrics can have.
func TestEveryReasonIsCounted(t *testing.T) {
	declared := slices.Concat(labels(t, "../internal/transit/reason.go"),
		labels(t, "../mix/reason.go"))
	same(t, "a mix", mix.Reasons(), declared)
	same(t, "a provider", Reasons(), append(declared, labels(t, "reason.go")...))
}

// labels are the values of the constants in a file; none stands for a packet that is not dropped.
func labels(t *testing.T, path string) (found []transit.Reason) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.ValueSpec); ok {
			label, err := strconv.Unquote(c.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if label != "" {
				found = append(found, transit.Reason(label))
			}
		}
		return true
	})
	return found
}

func same(t *testing.T, who string, got, want []transit.Reason) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("the reasons of %s are %v, declared are %v", who, got, want)
	}
	for i, r := range got {
		if !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(string(r)) || i > 0 &&
			r == got[i-1] {
			t.Errorf("the label %q of %s is not good, or there twice", r, who)
		}
	}
}
