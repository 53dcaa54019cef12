package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client"
)

// shutdownTime is what requests under way get when the daemon ends.
const shutdownTime = 2 * time.Second

// server answers commands for one client. Its handler may be served by anything that has checked
// who asks.
type server struct {
	client *client.Client
	stop   context.CancelFunc
	mux    *http.ServeMux
}

// Serve is a daemon: it runs the client, answers on the socket, and ends with ctx, with the
// client's failure, or when a command says so. The socket is gone when it returns.
func Serve(ctx context.Context, c *client.Client, socket string, log *slog.Logger) error {
	l, err := listen(socket)
	if err != nil {
		return err
	}
	defer os.Remove(socket)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan struct{})
	s := newServer(c, func() { close(stopped); stop() })
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error { return c.Run(inner) })
	group.Go(func() error { return s.serve(inner, l, log) })
	err = group.Wait()
	select {
	case <-stopped:
		if errors.Is(err, context.Canceled) {
			return nil
		}
	default:
	}
	return err
}

func newServer(c *client.Client, stop func()) *server {
	s := &server{client: c, mux: http.NewServeMux()}
	s.stop = sync.OnceFunc(stop)
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /v1":                   s.version,
		"GET /v1/status":            s.status,
		"GET /v1/network":           s.network,
		"GET /v1/findings":          s.findings,
		"DELETE /v1/findings":       s.judge,
		"POST /v1/feed":             s.publish,
		"GET /v1/follows":           s.follows,
		"POST /v1/follows":          s.follow,
		"DELETE /v1/follows/{feed}": s.unfollow,
		"POST /v1/posts":            s.post,
		"GET /v1/posts":             s.timeline,
		"GET /v1/outbox":            s.outbox,
		"POST /v1/photos/{post}":    s.photoState,
		"GET /v1/photos/{post}":     s.photo,
		"POST /v1/stop":             s.end,
		"/":                         unknown,
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				fail(w, err)
			}
		})
	}
	return s
}

func (s *server) serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	web := &http.Server{
		Handler: s.mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: time.Minute,
		IdleTimeout:  time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	group := errgroup.Group{}
	group.Go(func() error { return web.Serve(l) }) // ends with Shutdown or Close
	<-ctx.Done()
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if web.Shutdown(late) != nil {
		web.Close()
	}
	if err := group.Wait(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return ctx.Err()
}

func unknown(_ http.ResponseWriter, r *http.Request) error {
	return errRequest.With("%s %s", r.Method, r.URL.Path)
}

func (s *server) version(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, map[string]any{"api": 1, "pid": os.Getpid()})
	return nil
}

func (s *server) status(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, statusOf(s.client.Status()))
	return nil
}

func (s *server) network(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, networkOf(s.client.Network()))
	return nil
}

func (s *server) findings(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, findingsOf(s.client.Findings()))
	return nil
}

func (s *server) judge(w http.ResponseWriter, _ *http.Request) error {
	if err := s.client.Judge(); err != nil {
		return err
	}
	answer(w, http.StatusOK, struct{}{})
	return nil
}

func (s *server) publish(w http.ResponseWriter, _ *http.Request) error {
	l, err := s.client.Publish()
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, Link{Link: l.String()})
	return nil
}

func (s *server) follows(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, followsOf(s.client.Follows()))
	return nil
}

func (s *server) follow(w http.ResponseWriter, r *http.Request) error {
	var l Link
	if err := decode(w, r, maxSmall, &l); err != nil {
		return err
	}
	if err := s.client.Follow(l.Link, l.Name); err != nil {
		return err
	}
	answer(w, http.StatusOK, struct{}{})
	return nil
}

func (s *server) unfollow(w http.ResponseWriter, r *http.Request) error {
	token, err := strconv.ParseUint(r.PathValue("feed"), 10, 63)
	if err != nil {
		return errRequest.With("feed %q", r.PathValue("feed"))
	}
	if err := s.client.Unfollow(token); err != nil {
		return err
	}
	answer(w, http.StatusOK, struct{}{})
	return nil
}

func (s *server) post(w http.ResponseWriter, r *http.Request) error {
	var d Draft
	if err := decode(w, r, maxDraft, &d); err != nil {
		return err
	}
	receipt, err := s.client.Post(client.Draft{
		Text: d.Text, Photo: d.Photo, Alt: d.Alt, Quick: d.Quick,
	})
	if err != nil {
		return err
	}
	answer(
		w, http.StatusOK,
		Receipt{receipt.Post, receipt.Boxes, Window(receipt.Window), receipt.Window.String()},
	)
	return nil
}

// MaxTimeline bounds one answer; each post may carry a thumbnail.
const MaxTimeline = 1000

func (s *server) timeline(w http.ResponseWriter, r *http.Request) error {
	n := 20
	if given := r.URL.Query().Get("n"); given != "" {
		var err error
		if n, err = strconv.Atoi(given); err != nil || n < 1 || n > MaxTimeline {
			return errRequest.With("n=%q: want 1 to %d", given, MaxTimeline)
		}
	}
	posts, err := s.client.Timeline(n)
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, postsOf(posts))
	return nil
}

func (s *server) outbox(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, entriesOf(s.client.Outbox()))
	return nil
}

func (s *server) photoState(w http.ResponseWriter, r *http.Request) error {
	p, err := s.client.PhotoState(r.PathValue("post"))
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, photoOf(p))
	return nil
}

func (s *server) photo(w http.ResponseWriter, r *http.Request) error {
	picture, err := s.client.Photo(r.PathValue("post"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(picture) // a command that has gone away needs no answer
	return nil
}

func (s *server) end(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, struct{}{})
	s.stop()
	return nil
}
