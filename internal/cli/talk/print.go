package talk

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"murmuration/internal/cli/plain"
)

// JSON writes one JSON value a line.
func JSON[T any](c *cli.Context, values ...T) error {
	encoder := json.NewEncoder(c.App.Writer)
	for _, v := range values {
		if err := encoder.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

// Table prints rows in aligned columns on standard output, each of them on one line, whoever wrote
// what is in them.
func Table(c *cli.Context, rows [][]string) error {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, plain.Line(cell))
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(out.String()) {
		if _, err := fmt.Fprintln(c.App.Writer, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// Print prints a line of data on standard output. As with Say, each argument that is text stays on
// the line where it stands.
func Print(c *cli.Context, format string, args ...any) {
	fmt.Fprintf(c.App.Writer, format+"\n", tamed(args)...)
}

// tamed is arguments of which those that are text are lines.
func tamed(args []any) []any {
	lines := make([]any, len(args))
	for i, arg := range args {
		switch arg.(type) {
		case string, error, fmt.Stringer:
			arg = plain.Line(fmt.Sprint(arg))
		}
		lines[i] = arg
	}
	return lines
}

// Plural is a number with its noun.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
