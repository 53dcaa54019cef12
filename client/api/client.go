package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxAnswer bounds what a command reads of an answer: a timeline of MaxTimeline thumbnails.
const maxAnswer = 64 << 20

// Client is a command's side of the socket.
type Client struct{ web *http.Client }

// Dial prepares to talk to the daemon at a socket; it connects with the first call.
func Dial(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return &Client{&http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConns: 1}}}
}

// Close lets go of the connection.
func (c *Client) Close() error {
	c.web.CloseIdleConnections()
	return nil
}

// call sends a request and reads its answer into `into`, unless that is nil.
func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	raw, err := c.raw(ctx, method, path, body)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return errRequest.With("reading the daemon's answer: %w", err)
	}
	return nil
}

func (c *Client) raw(ctx context.Context, method, path string, body any) ([]byte, error) {
	response, err := c.do(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, gone(ctx, err)
	}
	return raw, nil
}

// do sends a request; the body of the answer, which is a success, is to be read and closed.
func (c *Client) do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encoding a request: %w", err)
		}
		reader = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://murmur"+path, reader)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	response, err := c.web.Do(request)
	if err != nil {
		return nil, gone(ctx, err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxSmall))
	if err != nil {
		return nil, gone(ctx, err)
	}
	return nil, refused(response.Status, raw)
}

// gone is why a daemon did not answer.
func gone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return ErrNoDaemon // the socket's path is no news to a person
	}
	return errEnded.With("%w", err)
}

func refused(status string, raw []byte) error {
	var f failure
	if err := json.Unmarshal(raw, &f); err != nil || f.Error.Message == "" {
		return errRequest.With("the daemon says %s", status)
	}
	return f.Error.revive()
}

// segment is what a person typed as one part of a path. Nothing and dots alone are parts that a
// server takes out of paths; the blank is none of what names anything.
func segment(typed string) string {
	if typed == "" || typed == "." || typed == ".." {
		typed = " " + typed
	}
	return url.PathEscape(typed)
}
