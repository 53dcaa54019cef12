package api

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"murmuration/client/news"
	"murmuration/client/person"
)

// Event is something that has happened, as server-sent events carry it.
type Event struct {
	Number uint64 `json:"number"` // counts since the daemon began
	// "post", "message", "request", "contact", "outbox", "app" or "notice"
	Kind person.EventKind `json:"kind"`
	At   time.Time        `json:"at"`
	ID   string           `json:"id,omitempty"`   // by which commands name it
	From string           `json:"from,omitempty"` // a petname, or a claimed name in quotes
	Text string           `json:"text,omitempty"` // its first words, or what happened

	Missed uint64 `json:"missed,omitempty"` // events before it that are not remembered
}

func eventOf(i news.Item) Event {
	return Event{Number: i.Number, Kind: i.Kind, At: i.At, ID: i.ID, From: i.From, Text: i.Text}
}

// writeTime is how long whoever looks on may take to read one event.
const writeTime = 10 * time.Second

func (s *server) events() []route {
	return []route{{
		Method: "GET", Path: "/v1/events",
		Summary: "what happens from now on, or after the event of a number (`after`, or the " +
			"header " +
			"Last-Event-ID), as server-sent events; without end",
		Out: Event{}, handle: s.watch,
	}}
}

func (s *server) watch(w http.ResponseWriter, r *http.Request) error {
	after := s.client.Latest()
	if given := cmp.Or(r.URL.Query().Get("after"), r.Header.Get("Last-Event-ID")); given != "" {
		var err error
		if after, err = strconv.ParseUint(given, 10, 64); err != nil {
			return errValue.With("after=%q", given)
		}
	}
	conn := http.NewResponseController(w)
	if err := conn.SetReadDeadline(time.Time{}); err != nil { // a minute is for requests that end
		return fmt.Errorf("streaming events: %w", err)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	for {
		_ = conn.SetWriteDeadline(time.Now().Add(writeTime)) // one that is gone is seen by writing
		if conn.Flush() != nil {
			return nil // whoever looked on has gone
		}
		items, missed, err := s.client.Await(r.Context(), after)
		if err != nil {
			return nil // likewise, or the daemon ends
		}
		_ = conn.SetWriteDeadline(time.Now().Add(writeTime))
		for i, item := range items {
			e := eventOf(item)
			if i == 0 {
				e.Missed = missed
			}
			if err := sendEvent(w, e); err != nil {
				return nil
			}
		}
		after = items[len(items)-1].Number
	}
}

func sendEvent(w io.Writer, e Event) error {
	raw, err := json.Marshal(e) // one line
	if err == nil {
		_, err = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.Number, e.Kind, raw)
	}
	return err
}

// maxEvent bounds a line of the stream, in bytes.
const maxEvent = 64 << 10

// Events calls each for what happens, until ctx ends or each fails. begun, if not nil, is called
// when nothing that happens from then on will be missed: what was there before is to be asked for
// in it.
func (c *Client) Events(ctx context.Context, each func(Event) error, begun func() error) error {
	response, err := c.do(ctx, "GET", "/v1/events", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if begun != nil {
		if err := begun(); err != nil {
			return err
		}
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		raw, is := strings.CutPrefix(lines.Text(), "data: ")
		if !is {
			continue
		}
		var e Event
		if err := json.Unmarshal([]byte(raw), &e); err != nil {
			return errRequest.With("reading an event: %w", err)
		}
		if err := each(e); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errEnded
}
