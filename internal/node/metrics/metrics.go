// Package metrics is what a node shows of itself: how many packets came, left and were dropped, and
// a page for Prometheus and health that tells this once a minute, rounded.
//
// It must not show anything as it happens, nor name a packet, a peer's timing or a client.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"murmuration/internal/link"
)

const (
	// publishEvery and Step blur what a scraper can see: a counter that moved with every
	// packet would be a tap on the node.
	publishEvery = time.Minute
	Step         = 16
)

// Gauge is one measured value of a node for its metrics page.
type Gauge struct {
	Name, Help string
	Value      func() float64
}

// Page serves a node's counters in Prometheus' format, and its health, on a listener of its own
// that is loopback unless the operator says otherwise. Values change once a minute and are rounded.
type Page struct {
	addr     string
	healthy  func() error
	registry *prometheus.Registry
	sources  []source

	mu    sync.Mutex // guards shown
	shown map[string]float64
}

type source struct {
	key     string
	counter bool
	read    func() float64
}

// New prepares the page of a node: healthy tells whether it does its work.
func New(addr string, healthy func() error, counts *Counts, links *link.Counters,
	gauges ...Gauge) *Page {
	m := &Page{addr: addr, healthy: healthy, registry: prometheus.NewRegistry(),
		shown: map[string]float64{}}
	m.counter("murmur_packets_received_total", "Packets taken in.", nil,
		func() uint64 { n, _ := counts.Totals(); return n })
	m.counter("murmur_packets_sent_total", "Packets that left.", nil,
		func() uint64 { _, n := counts.Totals(); return n })
	for _, r := range counts.reasons {
		m.counter("murmur_packets_dropped_total", "Packets dropped, by reason.",
			prometheus.Labels{"reason": r.String()}, func() uint64 { return counts.Dropped(r) })
	}
	for r := range links.All() {
		m.counter("murmur_link_events_total", "What happened to links and their frames.",
			prometheus.Labels{"event": r.String()}, func() uint64 { return links.Get(r) })
	}
	for _, g := range gauges {
		m.gauge(g)
	}
	m.publish()
	return m
}

func (m *Page) counter(name, help string, labels prometheus.Labels, read func() uint64) {
	key := fmt.Sprint(name, labels)
	m.sources = append(m.sources, source{key, true, func() float64 { return float64(read()) }})
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help,
		ConstLabels: labels}, m.show(key)))
}

func (m *Page) gauge(g Gauge) {
	m.sources = append(m.sources, source{g.Name, false, g.Value})
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.Name,
		Help: g.Help}, m.show(g.Name)))
}

func (m *Page) show(key string) func() float64 {
	return func() float64 {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.shown[key]
	}
}

// publish takes the values that will be shown for the next minute.
func (m *Page) publish() {
	now := make(map[string]float64, len(m.sources))
	for _, s := range m.sources {
		v := s.read()
		if s.counter {
			v = float64(uint64(v) / Step * Step)
		}
		now[s.key] = v
	}
	m.mu.Lock()
	m.shown = now
	m.mu.Unlock()
}

// Run serves until ctx ends. Without an address it only waits.
func (m *Page) Run(ctx context.Context) error {
	if m.addr == "" {
		<-ctx.Done()
		return nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", onLoopback(m.addr))
	if err != nil {
		return fmt.Errorf("listening for metrics on %s: %w", m.addr, err)
	}
	server := &http.Server{Handler: m.Handler(), ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	group.Go(func() error { return m.republish(ctx) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
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

// Handler serves the page and the health.
func (m *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := m.healthy(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}
