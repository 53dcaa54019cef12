package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Sealing is the body of POST /v1/backup.
type Sealing struct {
	Passphrase []byte `json:"passphrase"` // of the backup; base64 in JSON
}

func (s *server) backup() []route {
	return []route{{
		Method: "POST", Path: "/v1/backup",
		Summary: "a backup of the home as it is at this moment, as an age file; one that does " +
			"not end is none",
		In: Sealing{}, handle: s.makeBackup,
	}}
}

func (s *server) makeBackup(w http.ResponseWriter, r *http.Request) error {
	var under Sealing
	if err := decode(r, maxSmall, &under); err != nil {
		return err
	}
	defer clear(under.Passphrase)
	to := &streaming{w: w, conn: http.NewResponseController(w)}
	err := s.client.Backup(to, under.Passphrase)
	if err != nil && to.begun {
		panic(http.ErrAbortHandler) // the command sees an answer without an end
	}
	return err
}

// streaming writes an answer as long as somebody reads it, however long it is.
type streaming struct {
	w     http.ResponseWriter
	conn  *http.ResponseController
	begun bool
}

func (s *streaming) Write(b []byte) (int, error) {
	if !s.begun {
		s.w.Header().Set("Content-Type", "application/octet-stream")
		s.w.Header().Set("Cache-Control", "no-store")
		s.begun = true
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, fmt.Errorf("streaming a backup: %w", err)
	}
	return s.w.Write(b)
}

// Backup is a backup as the daemon makes it; to be read to its end, and closed.
func (c *Client) Backup(ctx context.Context, passphrase []byte) (io.ReadCloser, error) {
	response, err := c.do(ctx, "POST", "/v1/backup", Sealing{passphrase})
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}
