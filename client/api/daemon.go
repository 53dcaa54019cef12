package api

import (
	"context"
	"net/http"
	"os"
)

// Version answers GET /v1: which API the daemon speaks, and its process.
type Version struct {
	API int `json:"api"` // 1
	PID int `json:"pid"` // of the daemon
}

func (s *server) daemon() []route {
	return []route{
		answering("GET", "/v1", "which API the daemon speaks, and its process", s.version),
		answering("POST", "/v1/stop", "ends the daemon; what is queued stays queued", s.end),
	}
}

func (s *server) version(*http.Request) (Version, error) { return Version{1, os.Getpid()}, nil }

func (s *server) end(*http.Request) (nothing, error) {
	s.stop()
	return nothing{}, nil
}

// Stop ends the daemon.
func (c *Client) Stop(ctx context.Context) error {
	return c.call(ctx, "POST", "/v1/stop", nil, nil)
}

// Ping says whether a daemon answers, with its process id.
func (c *Client) Ping(ctx context.Context) (pid int, err error) {
	var v Version
	if err := c.call(ctx, "GET", "/v1", nil, &v); err != nil {
		return 0, err
	}
	if v.API != 1 {
		return 0, errRequest.With("the daemon speaks version %d", v.API)
	}
	return v.PID, nil
}
