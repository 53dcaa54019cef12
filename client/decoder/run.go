package decoder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// slot is had by who runs a process: one needs up to a gigabyte.
var slot = make(chan struct{}, 1)

// Limits of the process that every system has, by its runtime: the collector works harder from so
// much memory on, and there is one processor for it.
const (
	softMemory = "GOMEMLIMIT=768MiB"
	processors = "GOMAXPROCS=1"
)

// afterwards is how long the process may take to be gone once it was killed.
const afterwards = 5 * time.Second

// run has a process do what r says.
func run(ctx context.Context, r request) (answer, error) {
	select {
	case slot <- struct{}{}:
		defer func() { <-slot }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	raw, err := encMode.Marshal(r)
	if err != nil {
		return answer{}, fmt.Errorf("encoding a request for a picture: %w", err)
	}
	out, err := start(ctx, raw, patience)
	if err != nil {
		return answer{}, err
	}
	a, err := parse[answer](out, maxAnswer)
	if err == nil {
		err = a.check(r)
	}
	switch {
	case err != nil:
		return answer{}, ErrCrashed.With("its answer is %w", err)
	case a.Fault != 0 && a.Detail == "":
		return answer{}, faults[a.Fault-1]
	case a.Fault != 0:
		return answer{}, faults[a.Fault-1].With("%s", clean(a.Detail))
	}
	return a, nil
}

// start runs the process over a request for a limited time, and returns what it answered.
func start(ctx context.Context, request []byte, patience time.Duration) ([]byte, error) {
	path, err := self()
	if err != nil {
		return nil, errStart.With("%w", err)
	}
	late, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(late, path)
	out := &limited{}
	cmd.Env = []string{marker + "=1", softMemory, processors}
	cmd.Stdin, cmd.Stdout, cmd.WaitDelay = bytes.NewReader(request), out, afterwards
	cmd.Dir, cmd.SysProcAttr = directory, apart()
	if err := cmd.Start(); err != nil {
		return nil, errStart.With("%w", err)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.Bytes(), nil
	case ctx.Err() != nil: // it was not the picture
		return nil, ctx.Err()
	case late.Err() != nil:
		return nil, ErrCrashed.With("it was not read within %s", patience)
	case errors.As(err, &exit) && exit.ExitCode() == exitConfine:
		return nil, errStart.With("it cannot be confined")
	}
	return nil, ErrCrashed.With("%w", err)
}

// limited takes as much as an answer may have.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxAnswer {
		return 0, errors.New("too long an answer")
	}
	return l.Buffer.Write(b)
}

// self is this program, also when its file was replaced since it runs.
func self() (string, error) {
	if runtime.GOOS == "linux" {
		const running = "/proc/self/exe"
		if _, err := os.Stat(running); err == nil {
			return running, nil
		}
	}
	return os.Executable()
}
