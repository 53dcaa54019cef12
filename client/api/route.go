package api

import (
	"net/http"
	"slices"
)

// route is one line of the API. A feature has one file here, with its JSON types, its routes and
// the methods of Client that use them.
type route struct {
	Method, Path string
	Summary      string // what it does, in a few words
	In, Out      any    // zero values of the JSON bodies; nil: none, or none that is JSON

	handle func(http.ResponseWriter, *http.Request) error
}

// nothing is the answer of what has none.
type nothing struct{}

// answering is a route without a body: do has the answer.
func answering[Out any](
	method, path, summary string, do func(*http.Request) (Out, error),
) route {
	var out Out
	return route{method, path, summary, nil, out, func(w http.ResponseWriter,
		r *http.Request) error {
		out, err := do(r)
		if err == nil {
			answer(w, http.StatusOK, out)
		}
		return err
	}}
}

// taking is a route with a body of at most so many bytes.
func taking[In, Out any](
	method, path, summary string, most int64, do func(*http.Request, In) (Out, error),
) route {
	var in In
	reading := answering(method, path, summary, func(r *http.Request) (Out, error) {
		var in In
		if err := decode(r, most, &in); err != nil {
			return *new(Out), err
		}
		return do(r, in)
	})
	reading.In = in
	return reading
}

// routes are all of the API, by feature.
func (s *server) routes() []route {
	return slices.Concat(
		s.daemon(),
		s.status(),
		s.network(),
		s.findings(),
		s.invites(),
		s.contacts(),
		s.devices(),
		s.feeds(),
		s.posts(),
		s.circles(),
		s.messages(),
		s.apps(),
		s.photos(),
		s.outbox(),
		s.events(),
		s.backup(),
		s.search(),
		s.quota(),
	)
}
