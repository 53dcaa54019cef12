package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"murmuration/client"
	"murmuration/client/socket"
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
func Serve(ctx context.Context, c *client.Client, path string, log *slog.Logger) error {
	l, err := socket.Listen(path)
	if err != nil {
		return err
	}
	defer os.Remove(path)
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
	for _, r := range append(s.routes(), route{Path: "/", handle: unknown}) {
		s.mux.HandleFunc(strings.TrimSpace(r.Method+" "+r.Path),
			func(w http.ResponseWriter, request *http.Request) {
				if err := r.handle(w, request); err != nil {
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
		WriteTimeout: 5 * time.Minute, // four large pictures take their time
		IdleTimeout:  time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx }, // streams of events end
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelDebug),
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
