package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"murmuration/client/parts"
	"murmuration/client/person"
)

// shower is a part that shows events and does nothing else.
func shower(t *testing.T, s *server) func(person.Event) {
	var access *person.Access
	do := func(act func()) {
		if err := s.client.Do(func(time.Time,
			*parts.Person) error {
			act()
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	err := s.client.Do(func(_ time.Time, p *parts.Person) error {
		access = p.Join(nil)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(e person.Event) { do(func() { access.Show(e) }) }
}

// toward sends requests for the daemon of a socket to an address.
type toward string

func (a toward) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Host = string(a)
	return http.DefaultTransport.RoundTrip(r)
}

// TestEventsAreStreamed to each who looks on, as they happen, from where each has stopped; words
// with line breaks in them stay in their event, and the stream ends with the daemon.
func TestEventsAreStreamed(t *testing.T) {
	s := newServer(openClient(t), func() {})
	web := httptest.NewServer(s.mux)
	defer web.Close()
	show := shower(t, s)
	show(person.Event{Kind: person.EventPost, ID: "before"})

	evil := "one\n\ndata: {\"kind\":\"notice\"}\nid: 99"
	c := &Client{&http.Client{Transport: toward(web.Listener.Addr().String())}}
	var got []Event
	full := errors.New("enough")
	err := c.Events(t.Context(), func(e Event) error {
		if got = append(got, e); len(got) == 3 {
			return full
		}
		return nil
	}, func() error {
		show(person.Event{Kind: person.EventMessage, ID: "m", From: "ben", Text: evil})
		show(person.Event{Kind: person.EventOutbox, ID: "o"})
		show(person.Event{Kind: person.EventPost, ID: "p"})
		return nil
	})
	if !errors.Is(err, full) || len(got) != 3 || got[0].Text != evil || got[0].ID != "m" ||
		got[0].Number != 2 || got[2].Number != 4 || got[1].Kind != "outbox" {
		t.Errorf("%+v, %v", got, err)
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, httptest.NewRequest("GET", "/v1/events?after=x", nil))
	if w.Code != 400 || !strings.Contains(w.Body.String(), "after=") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
