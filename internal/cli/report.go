package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"murmuration/client/cause"
	"murmuration/internal/cli/plain"
	"murmuration/internal/cli/talk"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

const exitCodesHelp = "" +
	"Exit codes: 0 done or queued, 1 wrong use or input, 2 internal error, " +
	"3 provider or network,\n" +
	"4 trust, 5 quota, 6 locked or in use, 7 not found, 8 --wait ran out. 130 after Ctrl-C."

// report prints err with its hint and turns it into an exit code. Errors of other rooms bring their
// own Hint and ExitCode.
func report(w io.Writer, err error) int {
	if err == nil {
		return talk.ExitDone
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(w, "murmur: stopped")
		return 130
	}
	fmt.Fprintf(w, "murmur: %s\n", plain.Error(err.Error()))
	for hint := range strings.Lines(hintOf(err)) {
		fmt.Fprintf(w, "  %s\n", plain.Line(hint))
	}
	return codeOf(err)
}

func hintOf(err error) string {
	var hinted interface{ Hint() string }
	var locked *durable.Locked
	switch {
	case errors.As(err, &hinted):
		return hinted.Hint()
	case errors.As(err, &locked):
		return "Stop that process first, or name another directory."
	case errors.Is(err, directory.ErrMalformed):
		return "The file is damaged or something else: copy it again from where it came. Nothing " +
			"was changed."
	}
	if f := cause.Of(err); f.ExitCode() != talk.ExitInternal {
		return f.Hint()
	}
	return ""
}

func codeOf(err error) int {
	var coded interface{ ExitCode() int }
	var locked *durable.Locked
	switch {
	case errors.As(err, &coded):
		return coded.ExitCode()
	case errors.As(err, &locked):
		return talk.ExitLocked
	}
	if f := cause.Of(err); f.ExitCode() != talk.ExitInternal {
		return f.ExitCode()
	}
	return talk.ExitUser
}
