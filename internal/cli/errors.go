package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// Exit codes; the help lists them.
const (
	exitDone     = 0
	exitUser     = 1
	exitInternal = 2
	exitNetwork  = 3
	exitTrust    = 4
	exitQuota    = 5
	exitLocked   = 6
	exitNotFound = 7
	exitWait     = 8
)

const exitCodesHelp = "" +
	"Exit codes: 0 done or queued, 1 wrong use or input, 2 internal error, " +
	"3 provider or network,\n" +
	"4 trust, 5 quota, 6 locked or in use, 7 not found, 8 --wait ran out. 130 after Ctrl-C."

// failure is an error for a person: what happened, then what to do.
type failure struct {
	Code int
	Err  error
	Do   string // printed on a line of its own; may be empty
}

func (f *failure) Error() string { return f.Err.Error() }
func (f *failure) Unwrap() error { return f.Err }

// Hint is what to do about it.
func (f *failure) Hint() string { return f.Do }

// ExitCode is the process's exit code.
func (f *failure) ExitCode() int { return f.Code }

func usagef(format string, args ...any) error {
	return &failure{Code: exitUser, Err: fmt.Errorf(format, args...)}
}

func fail(code int, err error, do string) error { return &failure{Code: code, Err: err, Do: do} }

// report prints err with its hint and turns it into an exit code. Errors of other rooms bring their
// own Hint and ExitCode.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(w, "murmur: stopped")
		return 130
	}
	fmt.Fprintf(w, "murmur: %v\n", err)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(w, "  %s\n", hint)
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
	return ""
}

func codeOf(err error) int {
	var coded interface{ ExitCode() int }
	var locked *durable.Locked
	switch {
	case errors.As(err, &coded):
		return coded.ExitCode()
	case errors.As(err, &locked):
		return exitLocked
	}
	return exitUser
}
