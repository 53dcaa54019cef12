package talk

import (
	"context"
	"os"

	"golang.org/x/term"
)

// untilDone is what read returns, or that ctx is over before: nobody should have to press Ctrl-C
// twice because a program waits for its input. A read that is under way goes on, and ends with the
// process.
func UntilDone(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Hidden reads a line from the terminal, without showing it, and leaves the terminal as it was.
func Hidden(ctx context.Context) ([]byte, error) {
	terminal := int(os.Stdin.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return nil, err
	}
	secret, err := UntilDone(ctx, func() ([]byte, error) { return term.ReadPassword(terminal) })
	if ctx.Err() != nil {
		err = ctx.Err()
		_ = term.Restore(terminal, before) // the command ends anyway
	}
	return secret, err
}
