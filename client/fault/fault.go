// Package fault is what goes wrong for a person: what happened, what to do, and the exit code that
// a script sees. It has no causes of its own; the rooms of the client declare theirs with it.
package fault

import (
	"errors"
	"fmt"
)

// Code is the kind of a fault, and the exit code of a command that ends with it (docs/client.md).
type Code int

// The codes (docs/client.md).
const (
	User     Code = 1
	Internal Code = 2
	Network  Code = 3 // provider or network
	Trust    Code = 4
	Quota    Code = 5
	Locked   Code = 6
	NotFound Code = 7
	Timeout  Code = 8
)

// Fault is one reason. Compare with errors.Is; a Fault is its own sentinel.
type Fault struct {
	code Code
	what string
	hint string
}

// New declares a fault; hint says what to do and may be empty.
func New(code Code, what, hint string) *Fault { return &Fault{code, what, hint} }

func (f *Fault) Error() string { return f.what }

// Hint is what to do about it, for a line of its own.
func (f *Fault) Hint() string { return f.hint }

// ExitCode is the code as a number.
func (f *Fault) ExitCode() int { return int(f.code) }

// With adds what is particular to this time; the result is the fault for errors.Is.
func (f *Fault) With(format string, args ...any) error {
	return fmt.Errorf("%w: %w", f, fmt.Errorf(format, args...))
}

// Of finds the fault in err; an error without one is internal.
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return unknown
}

var unknown = New(
	Internal, "internal error", "This is a mistake in the program: please report it with the log.",
)
