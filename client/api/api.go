// Package api is what the commands of this computer talk to: HTTP and JSON over a Unix socket,
// version 1, served by the daemon and used through Client. docs/client.md is the specification.
//
// Whoever can open the socket is the person: the kernel is asked for the peer's user where it can
// tell, and the socket's directory is private where it cannot. Nothing here listens on a network.
package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"murmuration/client/cause"
	"murmuration/client/fault"
)

// Limits of requests, in bytes.
const (
	maxSmall = 64 << 10
	maxDraft = 96 << 20 // pictures of 64 MiB together in base64, and the words
)

// ErrNoDaemon says that nobody listens.
var ErrNoDaemon = fault.New(
	fault.Network, "no daemon runs for this home",
	"Start it with `murmur daemon run`, and leave it running.",
)

// errEnded says that it listened until now.
var errEnded = fault.New(
	fault.Network, "the daemon ended before it answered",
	"Look at what it said last, and start it again with `murmur daemon run`; what it had queued "+
		"goes on: `murmur outbox`.",
)

// Error is the body of every answer that is not a success.
type Error struct {
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
	Code    fault.Code `json:"code"` // the exit code of a command that ends with it
}

// failure carries an Error over the socket and back into a fault.
type failure struct {
	Error Error `json:"error"`
}

// statuses are the HTTP statuses of faults; the code in the body is what counts.
var statuses = map[fault.Code]int{
	fault.User: http.StatusBadRequest, fault.Network: http.StatusBadGateway,
	fault.Trust: http.StatusConflict,
	fault.Quota: http.StatusTooManyRequests, fault.Locked: http.StatusLocked,
	fault.NotFound: http.StatusNotFound,
	fault.Timeout:  http.StatusGatewayTimeout, fault.Internal: http.StatusInternalServerError,
}

func fail(w http.ResponseWriter, err error) {
	f := cause.Of(err)
	code := fault.Code(f.ExitCode())
	status, ok := statuses[code]
	if !ok {
		status = http.StatusInternalServerError
	}
	answer(w, status, failure{Error{Message: err.Error(), Hint: f.Hint(), Code: code}})
}

func answer(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(filled(body))
	if err != nil {
		http.Error(
			w, `{"error":{"message":"encoding the answer","code":2}}`,
			http.StatusInternalServerError,
		)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(append(b, '\n')) // a command that has gone away needs no answer
}

// errRequest says that a request is not one of version 1.
var errRequest = fault.New(
	fault.User, "not a request of API version 1",
	"The command and the daemon may be of different versions: restart the daemon.",
)

// errValue says that a request is one, with a value that nothing is meant by.
var errValue = fault.New(
	fault.User, "a value that the request does not take", "docs/api.md says which it takes.",
)

// decode reads a body strictly: one JSON value, no unknown key, at most limit bytes.
func decode(r *http.Request, limit int64, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, limit))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errRequest.With("%w", err)
	}
	if _, err := d.Token(); err != io.EOF { // More would overlook a bracket
		return errRequest.With("more than one value")
	}
	return nil
}

// revive makes an error of what a daemon said.
func (e Error) revive() error {
	return fmt.Errorf("%w", fault.New(e.Code, e.Message, e.Hint))
}
