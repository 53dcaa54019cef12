// Package notify runs a command of the person's own when something came that somebody may want to
// be called for: a post, a message, a request, a line about a contact, an app's turn.
//
// The command is trusted as the person is, and runs as they do; its arguments are those of the
// configuration and nothing else, since everybody on the computer sees arguments: what happened is
// JSON on its standard input. One runs at a time, for a limited time, and nothing waits for it. The
// package must not show a stranger's words to a shell.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os/exec"
	"runtime"
	"slices"
	"time"

	"murmuration/client/news"
	"murmuration/client/person"
)

// patience is how long a command may run: it should show something and end.
const patience = 10 * time.Second

// called are the kinds of events that the command is run for.
var called = []person.EventKind{
	person.EventPost, person.EventMessage, person.EventRequest, person.EventContact,
	person.EventApp,
}

// event is what the command reads: one line.
type event struct {
	Kind   person.EventKind `json:"kind"`
	At     time.Time        `json:"at"`
	ID     string           `json:"id,omitempty"`
	From   string           `json:"from,omitempty"`
	Text   string           `json:"text,omitempty"`
	Others int              `json:"others,omitempty"` // that came while the command last ran
}

// Await returns what happened after the event of a number, as client.Client does.
type Await func(ctx context.Context, after uint64) ([]news.Item, uint64, error)

// Run calls the command until ctx ends. What came while it ran is one call: the last event, and how
// many others there are. A command that fails is said once, until it works again.
func Run(ctx context.Context, command string, await Await, log *slog.Logger) error {
	for after, failed := uint64(0), false; ; {
		happened, _, err := await(ctx, after)
		if err != nil {
			return err
		}
		after = happened[len(happened)-1].Number
		happened = slices.DeleteFunc(slices.Clone(happened), func(i news.Item) bool {
			return !slices.Contains(called, i.Kind)
		})
		if len(happened) == 0 {
			continue
		}
		last := happened[len(happened)-1]
		err = call(ctx, command, event{
			last.Kind, last.At, last.ID, last.From, last.Text, len(happened) - 1,
		})
		if err != nil && !failed && ctx.Err() == nil {
			log.Warn("the command of `notify` in client.toml did not work", "error", err,
				"do", "Try it in a shell, with a line of JSON on its standard input.")
		}
		failed = err != nil
	}
}

func call(ctx context.Context, command string, e event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	shell, flag := "/bin/sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	run := exec.CommandContext(within, shell, flag, command)
	run.Stdin, run.WaitDelay = bytes.NewReader(append(line, '\n')), time.Second
	if err := run.Run(); err != nil {
		if within.Err() != nil && ctx.Err() == nil {
			return errors.New("it took longer than 10 s and was ended")
		}
		return err
	}
	return nil
}
