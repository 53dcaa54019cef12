// Package metrics is what a node shows of itself: how many packets came, left and were dropped, and
// a page for Prometheus and health. What moves with traffic is shown once a minute, and counts of
// it are rounded; what is wrong, and the state of the node, is shown as it is.
//
// It must not show traffic as it happens, nor name a packet, a peer's timing or a client.
package metrics

import (
	"fmt"
	"net"
	"runtime"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"

	"murmuration/internal/link"
	"murmuration/internal/release"
)

// Step is what counts of traffic are rounded down to.
const Step = 16

// Kind says how a value is shown.
type Kind uint8

// The kinds of values.
const (
	Blurred Kind = iota // a gauge that moves with traffic: once a minute
	State               // a gauge that does not: as it is
	Traffic             // a count of traffic: once a minute, rounded down to Step
	Count               // a count of anything else, what is wrong above all: as it is
)

// Metric is one measured value of a node for its page.
type Metric struct {
	Name, Help string
	Kind       Kind
	Labels     prometheus.Labels
	Value      func() float64
}

// Page has a node's metrics in Prometheus' format, and its health.
type Page struct {
	addr     string
	healthy  func() error
	registry *prometheus.Registry
	process  *prometheus.Registry // of the process itself: its work is that of the traffic
	sources  []source
	listener net.Listener // nil before Listen

	mu      sync.Mutex // guards all below
	shown   map[string]float64
	machine []*dto.MetricFamily
}

// source is a value that is published once a minute.
type source struct {
	key     string
	rounded bool
	read    func() float64
}

// New prepares the page of a node: healthy tells whether it does its work.
func New(addr string, healthy func() error, counts *Counts, links *link.Counters,
	more ...Metric) *Page {
	m := &Page{addr: addr, healthy: healthy, registry: prometheus.NewRegistry(),
		process: prometheus.NewRegistry(), shown: map[string]float64{}}
	m.process.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, one := range append(standard(counts, links), more...) {
		m.add(one)
	}
	m.publish()
	return m
}

// standard are those of packets and links, and which program this is.
func standard(counts *Counts, links *link.Counters) []Metric {
	of := func(read func() uint64) func() float64 {
		return func() float64 { return float64(read()) }
	}
	all := []Metric{
		{Name: "murmur_build_info", Help: "1, with the version in the labels.", Kind: State,
			Labels: prometheus.Labels{"version": release.Version,
				"revision": release.Revision(), "goversion": runtime.Version()},
			Value: func() float64 { return 1 }},
		{Name: "murmur_packets_received_total", Help: "Packets taken in.", Kind: Traffic,
			Value: of(counts.received.Load)},
		{Name: "murmur_packets_sent_total", Help: "Packets that left.", Kind: Traffic,
			Value: of(counts.sent.Load)},
	}
	for _, r := range counts.reasons {
		all = append(all, Metric{Name: "murmur_packets_dropped_total",
			Help: "Packets dropped, by reason.", Kind: Traffic,
			Labels: prometheus.Labels{"reason": r.String()},
			Value:  of(func() uint64 { return counts.Dropped(r) })})
	}
	for r := range links.All() {
		kind := Count
		if r.Traffic() {
			kind = Traffic
		}
		all = append(all, Metric{Name: "murmur_link_events_total",
			Help: "What happened to links and their frames.", Kind: kind,
			Labels: prometheus.Labels{"event": r.String()},
			Value:  of(func() uint64 { return links.Get(r) })})
	}
	return all
}

// add has the page show a value.
func (m *Page) add(one Metric) {
	read := one.Value
	if one.Kind == Blurred || one.Kind == Traffic {
		key := fmt.Sprint(one.Name, one.Labels)
		m.sources = append(m.sources, source{key, one.Kind == Traffic, one.Value})
		read = m.show(key)
	}
	if one.Kind == Traffic || one.Kind == Count {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: one.Name,
			Help: one.Help, ConstLabels: one.Labels}, read))
		return
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: one.Name,
		Help: one.Help, ConstLabels: one.Labels}, read))
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
		if s.rounded {
			v = float64(uint64(v) / Step * Step)
		}
		now[s.key] = v
	}
	machine, _ := m.process.Gather() // what cannot be had is left out
	m.mu.Lock()
	m.shown, m.machine = now, machine
	m.mu.Unlock()
}

// Gather implements prometheus.Gatherer: what is published, and the state of now.
func (m *Page) Gather() ([]*dto.MetricFamily, error) {
	own, err := m.registry.Gather()
	m.mu.Lock()
	defer m.mu.Unlock()
	return append(own, m.machine...), err
}
