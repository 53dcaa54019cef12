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
	"strconv"
	"time"

	"murmuration/client/timeline"
)

// maxAnswer bounds what a command reads of an answer: a timeline of MaxTimeline thumbnails.
const maxAnswer = 64 << 20

// photoLook is how often a waiting command looks how far a photo is.
const photoLook = 200 * time.Millisecond

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
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return nil, ErrNoDaemon // the socket's path is no news to a person
		}
		return nil, ErrNoDaemon.With("%w", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, ErrNoDaemon.With("reading its answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, refused(response.Status, raw)
	}
	return raw, nil
}

func refused(status string, raw []byte) error {
	var f failure
	if err := json.Unmarshal(raw, &f); err != nil || f.Error.Message == "" {
		return errRequest.With("the daemon says %s", status)
	}
	return f.Error.revive()
}

// Status says how things are.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.call(ctx, "GET", "/v1/status", nil, &s)
}

// Network shows the newest network document.
func (c *Client) Network(ctx context.Context) (v Network, err error) {
	return v, c.call(ctx, "GET", "/v1/network", nil, &v)
}

// Findings are what should not be about the network documents, and was not judged yet.
func (c *Client) Findings(ctx context.Context) (list []Finding, err error) {
	return list, c.call(ctx, "GET", "/v1/findings", nil, &list)
}

// Judge forgets the findings.
func (c *Client) Judge(ctx context.Context) error {
	return c.call(ctx, "DELETE", "/v1/findings", nil, nil)
}

// Publish makes the open feed, if there is none, and returns its link for readers who begin now.
func (c *Client) Publish(ctx context.Context) (string, error) {
	var l Link
	err := c.call(ctx, "POST", "/v1/feed", nil, &l)
	return l.Link, err
}

// Follow reads the feed of a link; petname may be empty.
func (c *Client) Follow(ctx context.Context, link, petname string) error {
	return c.call(ctx, "POST", "/v1/follows", Link{link, petname}, nil)
}

// Unfollow forgets a feed, by its token.
func (c *Client) Unfollow(ctx context.Context, token uint64) error {
	return c.call(ctx, "DELETE", "/v1/follows/"+strconv.FormatUint(token, 10), nil, nil)
}

// Follows lists the feeds that are read.
func (c *Client) Follows(ctx context.Context) (list []Followed, err error) {
	return list, c.call(ctx, "GET", "/v1/follows", nil, &list)
}

// Post queues a draft.
func (c *Client) Post(ctx context.Context, d Draft) (r Receipt, err error) {
	return r, c.call(ctx, "POST", "/v1/posts", d, &r)
}

// Timeline is the last n posts, the newest first.
func (c *Client) Timeline(ctx context.Context, n int) (posts []Post, err error) {
	return posts, c.call(ctx, "GET", "/v1/posts?n="+strconv.Itoa(n), nil, &posts)
}

// Outbox lists what was queued, the newest first.
func (c *Client) Outbox(ctx context.Context) (entries []Entry, err error) {
	return entries, c.call(ctx, "GET", "/v1/outbox", nil, &entries)
}

// photoState says how far a photo is.
func (c *Client) photoState(ctx context.Context, post string) (p Photo, err error) {
	if !validID(post) {
		return p, timeline.ErrNoPost.With("%q", post)
	}
	return p, c.call(ctx, "POST", "/v1/photos/"+post, nil, &p)
}

// Photo waits until a photo is here and returns the JPEG file. progress, if not nil, hears how far
// it is. It comes to the daemon all the same when ctx ends.
func (c *Client) Photo(ctx context.Context, post string, progress func(Photo)) ([]byte, error) {
	tick := time.NewTicker(photoLook)
	defer tick.Stop()
	for {
		p, err := c.photoState(ctx, post)
		if err != nil {
			return nil, err
		}
		if progress != nil {
			progress(p)
		}
		if p.Here {
			return c.raw(ctx, "GET", "/v1/photos/"+post, nil)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Stop ends the daemon.
func (c *Client) Stop(ctx context.Context) error {
	return c.call(ctx, "POST", "/v1/stop", nil, nil)
}

// Ping says whether a daemon answers, with its process id.
func (c *Client) Ping(ctx context.Context) (pid int, err error) {
	var v struct {
		API int `json:"api"`
		PID int `json:"pid"`
	}
	if err := c.call(ctx, "GET", "/v1", nil, &v); err != nil {
		return 0, err
	}
	if v.API != 1 {
		return 0, errRequest.With("the daemon speaks version %d", v.API)
	}
	return v.PID, nil
}

// validID keeps what a person typed from becoming another path.
func validID(id string) bool {
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return id != "" && len(id) <= 32
}
