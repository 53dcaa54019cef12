// Package daemon talks to a murmur daemon over its Unix socket, in as few lines as that takes: HTTP
// and JSON, and nothing of this repository. A program of your own may do the same in any language;
// docs/api.md lists all that can be asked for.
package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 20

// Daemon is a daemon at a socket: api.sock in the home of its person.
type Daemon struct{ web http.Client }

// At is the daemon of a socket; it connects with the first request.
func At(socket string) *Daemon {
	return &Daemon{http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
}

// Post queues a post to the open feed.
func (d *Daemon) Post(ctx context.Context, text string) error {
	return d.ask(ctx, "POST", "/v1/posts", map[string]string{"text": text}, nil)
}

// Own is the texts of this person's posts among the last 1,000, the newest first.
func (d *Daemon) Own(ctx context.Context) (texts []string, err error) {
	var posts []struct {
		Own  bool
		Text string
	}
	err = d.ask(ctx, "GET", "/v1/posts?n=1000", nil, &posts)
	for _, p := range posts {
		if p.Own {
			texts = append(texts, p.Text)
		}
	}
	return texts, err
}

func (d *Daemon) ask(ctx context.Context, method, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		raw = nil
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://murmur"+path,
		bytes.NewReader(raw))
	if err != nil {
		return err
	}
	response, err := d.web.Do(request)
	if err != nil {
		return fmt.Errorf("asking the daemon: %w (does `murmur daemon run` run?)", err)
	}
	defer response.Body.Close()
	raw, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("asking the daemon: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		var refused struct {
			Error struct{ Message, Hint string }
		}
		_ = json.Unmarshal(raw, &refused) // without words it is refused all the same
		return fmt.Errorf("the daemon refuses: %s (%s)", refused.Error.Message, refused.Error.Hint)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}
