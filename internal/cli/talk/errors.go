package talk

import "fmt"

// Exit codes; the help lists them.
const (
	ExitDone     = 0
	ExitUser     = 1
	ExitInternal = 2
	ExitNetwork  = 3
	ExitTrust    = 4
	ExitQuota    = 5
	ExitLocked   = 6
	ExitNotFound = 7
	ExitWait     = 8
)

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

// Usagef is wrong use of a command: what is wrong with it.
func Usagef(format string, args ...any) error {
	return &failure{Code: ExitUser, Err: fmt.Errorf(format, args...)}
}

// Fail is what happened, with the exit code and what to do about it, which may be empty.
func Fail(code int, err error, do string) error { return &failure{Code: code, Err: err, Do: do} }
