//go:build unix

package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/client/news"
	"murmuration/client/person"
)

// played hands out batches of events, and ends the test's life behind the last.
func played(end func(), batches ...[]person.Event) Await {
	number := uint64(0)
	return func(ctx context.Context, after uint64) ([]news.Item, uint64, error) {
		if len(batches) == 0 {
			end()
			return nil, 0, ctx.Err()
		}
		var items []news.Item
		for _, e := range batches[0] {
			number++
			items = append(items, news.Item{Number: number, At: time.Unix(1, 0).UTC(), Event: e})
		}
		batches = batches[1:]
		return items, 0, nil
	}
}

// TestTheCommandReadsWhatHappened: as JSON on its standard input, once for what came together, with
// nothing of it in its arguments; what nobody is called for does not run it.
func TestTheCommandReadsWhatHappened(t *testing.T) {
	file := filepath.Join(t.TempDir(), "called")
	t.Setenv("CALLED", file)
	ctx, end := context.WithCancel(t.Context())
	const evil = "`touch x`; $(touch y) \"'"
	var log bytes.Buffer
	err := Run(ctx, `cat >>"$CALLED"; echo "$0 $#" >>"$CALLED"; exit 3`, played(end,
		[]person.Event{{Kind: person.EventOutbox, ID: "kept"}},
		[]person.Event{
			{Kind: person.EventPost, ID: "a", From: "ben", Text: "first"},
			{Kind: person.EventMessage, ID: "b", From: "“" + evil + "”", Text: evil},
			{Kind: person.EventNotice, Text: "nobody is called"},
		},
		[]person.Event{{Kind: person.EventPost, ID: "c"}},
	), slog.New(slog.NewTextHandler(&log, nil)))
	if err != context.Canceled {
		t.Errorf("it ended with %v", err)
	}
	raw, err := os.ReadFile(file)
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if err != nil || len(lines) != 4 || lines[1] != lines[3] || !strings.HasSuffix(lines[1], " 0") {
		t.Fatalf("%q, %v", raw, err)
	}
	var got event
	if err := json.Unmarshal([]byte(lines[0]), &got); err != nil || got.ID != "b" ||
		got.Text != evil || got.Others != 1 || got.Kind != "message" {
		t.Errorf("%+v, %v", got, err)
	}
	if strings.Count(log.String(), "exit status 3") != 1 || strings.Contains(log.String(), evil) {
		t.Errorf("said of two failures: %s", &log)
	}
}

// TestACommandThatHangsIsEnded by the end of the daemon.
func TestACommandThatHangsIsEnded(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	begun := filepath.Join(t.TempDir(), "begun")
	t.Setenv("BEGUN", begun)
	done := make(chan error, 1)
	go func() { // ends with ctx
		done <- Run(ctx, `mkfifo "$BEGUN"; cat "$BEGUN"`, played(end,
			[]person.Event{{Kind: person.EventPost}}), slog.New(slog.DiscardHandler))
	}()
	for { // opening the other end waits until the command reads
		if _, err := os.Stat(begun); err == nil {
			break
		}
	}
	w, err := os.OpenFile(begun, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	end()
	if err := <-done; err != context.Canceled {
		t.Error(err)
	}
}
