// Rows runs the recipes of docs/rows.md one after the other, at their full counts, and prints a line
// for each row: its name, whether the recipe passed, how long it took, and what it counted.
//
//	go run ./.ci/rows [-n] [ROW...]
//
// A row is given by its number or its name; without one all are run. With -n nothing is run, and
// the commands are printed. The output of each recipe is kept in a file. It ends with 1 if a recipe
// failed, if a row counted nothing, and at once if one that was asked for is not in the table.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// row is one of the table: | `R1` | name | what | `just recipe` | ...
type row struct{ number, name, recipe string }

var (
	inTable = regexp.MustCompile("(?m)^\\| `([A-Z][0-9]+)` \\| ([a-z-]+) \\|.*?\\| `just ([^`]+)` \\|")
	said    = regexp.MustCompile(`(?m)^.*\brow ([a-z-]+): (.*)$`)
)

func main() {
	log.SetFlags(0)
	dry := flag.Bool("n", false, "only print the commands")
	flag.Parse()
	table, err := os.ReadFile("docs/rows.md")
	just, bad := os.ReadFile("Justfile")
	if err = errors.Join(err, bad); err != nil {
		log.Fatal("rows: ", err)
	}
	recipes, unknown := chosen(table, flag.Args())
	if len(unknown) > 0 || len(recipes) == 0 {
		log.Fatal("rows: not in docs/rows.md: ", strings.Join(unknown, " "))
	}
	logs, err := os.MkdirTemp("", "rows")
	if err != nil {
		log.Fatal("rows: ", err)
	}
	failed := false
	for _, rows := range recipes {
		command, err := commandOf(string(just), rows[0].recipe)
		if err != nil {
			log.Fatal("rows: ", err)
		}
		if *dry {
			fmt.Printf("%s: %s\n", names(rows), command)
			continue
		}
		failed = !run(rows, command, filepath.Join(logs, rows[0].name)) || failed
	}
	if failed {
		os.Exit(1)
	}
}

// chosen are the rows that were asked for, those of one recipe together, and what is no row.
func chosen(table []byte, asked []string) (recipes [][]row, unknown []string) {
	at, unknown := map[string]int{}, slices.Clone(asked)
	for _, m := range inTable.FindAllSubmatch(table, -1) {
		r := row{string(m[1]), string(m[2]), string(m[3])}
		if len(asked) > 0 && !slices.Contains(asked, r.number) && !slices.Contains(asked, r.name) {
			continue
		}
		unknown = slices.DeleteFunc(unknown,
			func(name string) bool { return name == r.number || name == r.name })
		i, ok := at[r.recipe]
		if !ok {
			i = len(recipes)
			at[r.recipe] = i
			recipes = append(recipes, nil)
		}
		recipes[i] = append(recipes[i], r)
	}
	return recipes, unknown
}

func names(rows []row) string {
	var all []string
	for _, r := range rows {
		all = append(all, r.number+" "+r.name)
	}
	return strings.Join(all, ", ")
}

// commandOf is what the Justfile does for `recipe argument...`.
func commandOf(just, recipe string) (string, error) {
	words := strings.Fields(recipe)
	head := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(words[0]) + `\b([^:\n]*):\n((?: {4}.*\n?)+)`)
	m := head.FindStringSubmatch(just)
	if m == nil {
		return "", fmt.Errorf("the Justfile has no %s", words[0])
	}
	body := m[2]
	for i, parameter := range strings.Fields(m[1]) {
		name, value, _ := strings.Cut(strings.TrimLeft(parameter, "*"), "=")
		value = strings.Trim(value, `"'`)
		if i+1 < len(words) {
			value = words[i+1]
		}
		body = strings.ReplaceAll(body, "{{"+name+"}}", value)
	}
	return strings.TrimSpace(body), nil
}

// run says whether a recipe passed, and each of its rows counted something.
func run(rows []row, command, path string) (passed bool) {
	began := time.Now()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", command)
	out, err := cmd.CombinedOutput()
	verdict := fmt.Sprintf("in %s", time.Since(began).Round(time.Second))
	if keep := os.WriteFile(path, out, 0o600); keep != nil {
		log.Print("rows: ", keep)
	}
	if passed = err == nil; passed {
		verdict = "passed " + verdict
	} else {
		verdict = fmt.Sprintf("FAILED (%v) %s, see %s", err, verdict, path)
	}
	for _, r := range rows {
		what := counts(out, r.name)
		if what == "" {
			what, passed = "NOTHING COUNTED, see "+path, false
		}
		fmt.Printf("%s %s: %s: %s\n", r.number, r.name, verdict, what)
	}
	return passed
}

// counts are what a row's tests said, in the order in which they did.
func counts(out []byte, name string) string {
	var all []string
	for _, m := range said.FindAllSubmatch(out, -1) {
		if string(m[1]) == name {
			all = append(all, string(bytes.TrimSpace(m[2])))
		}
	}
	return strings.Join(all, "; ")
}
