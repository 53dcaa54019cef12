package metrics

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
)

const (
	// publishEvery blurs what a scraper can see: a counter that moved with every packet would be a
	// tap on the node.
	publishEvery = time.Minute

	mostConns = 16 // that ask at one time; one more ends the oldest
)

// Listen binds the page's own address, which is loopback unless the operator says otherwise, so
// that whoever says that the node runs knows that it does. Run does it if nobody did.
func (m *Page) Listen() (err error) {
	if m.addr == "" || m.listener != nil {
		return nil
	}
	if m.listener, err = net.Listen("tcp", onLoopback(m.addr)); err != nil {
		return fmt.Errorf("listening for metrics on %s: %w", m.addr, err)
	}
	return nil
}

// Close gives the address back after Run, or instead of it.
func (m *Page) Close() error {
	if m.listener == nil {
		return nil
	}
	if err := m.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Run serves until ctx ends. Without an address it only waits.
func (m *Page) Run(ctx context.Context) error {
	if m.addr == "" {
		<-ctx.Done()
		return nil
	}
	if err := m.Listen(); err != nil {
		return err
	}
	server := &http.Server{Handler: m.Handler(), ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
	server.SetKeepAlivesEnabled(false) // nobody asks often, and an idle connection costs a file
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	group.Go(func() error { return m.republish(ctx) })
	group.Go(func() error {
		if err := server.Serve(&few{Listener: m.listener}); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving metrics: %w", err)
		}
		return nil
	})
	return group.Wait()
}

// onLoopback gives an address without a host, which would be every address, the host 127.0.0.1.
func onLoopback(addr string) string {
	if host, port, err := net.SplitHostPort(addr); err == nil && host == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// republish ends with ctx.
func (m *Page) republish(ctx context.Context) error {
	m.publish() // what was taken before anything ran is not worth a minute
	tick := time.NewTicker(publishEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			m.publish()
		}
	}
}

// Handler serves the page and the health to who asks by an address, or by the name in the
// configuration: a page in a browser, which can only name a host of its own, gets nothing.
func (m *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := m.healthy(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !m.ours(r.Host) {
			http.Error(w, "ask by an address, or by the name that the configuration has for "+
				"metrics", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// ours says whether a request names this node's page.
func (m *Page) ours(asked string) bool {
	host, _, err := net.SplitHostPort(asked)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(asked, "["), "]")
	}
	configured, _, _ := net.SplitHostPort(m.addr)
	return net.ParseIP(host) != nil || strings.EqualFold(host, "localhost") ||
		configured != "" && strings.EqualFold(host, configured)
}

// few is a listener with at most mostConns connections: one more ends the oldest.
type few struct {
	net.Listener
	mu   sync.Mutex // guards open
	open list.List  // of *one, the oldest first
}

// one is a connection of few.
type one struct {
	net.Conn
	of   *few
	at   *list.Element
	once sync.Once
}

// Accept implements net.Listener.
func (f *few) Accept() (net.Conn, error) {
	conn, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &one{Conn: conn, of: f}
	f.mu.Lock()
	var old *one
	if f.open.Len() >= mostConns {
		old = f.open.Front().Value.(*one)
	}
	c.at = f.open.PushBack(c)
	f.mu.Unlock()
	if old != nil {
		old.Close()
	}
	return c, nil
}

// Close implements net.Conn.
func (c *one) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		c.of.open.Remove(c.at)
		c.of.mu.Unlock()
	})
	return c.Conn.Close()
}
