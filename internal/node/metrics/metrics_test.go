package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"murmuration/internal/link"
	"murmuration/internal/release"
)

func page(t *testing.T, m *Page, path string) (status int, body string) {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)
	r.Host = "127.0.0.1:9201"
	m.Handler().ServeHTTP(w, r)
	raw, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(raw)
}

// TestMetricsAreBlurred: a counter shows multiples of sixteen, and changes once a minute.
func TestMetricsAreBlurred(t *testing.T) {
	counts := NewCounts()
	m := New("", func() error { return nil }, counts, &link.Counters{})
	for range 37 {
		counts.TookIn()
	}
	shows := func(want string) bool {
		_, body := page(t, m, "/metrics")
		return strings.Contains(body, "\nmurmur_packets_received_total "+want+"\n")
	}
	if !shows("0") {
		t.Error("a counter moved between two publications")
	}
	m.publish()
	if !shows("32") {
		t.Error("37 packets are not shown as 32")
	}
}

func TestMetricsArePublishedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counts := NewCounts()
		m := New("", func() error { return nil }, counts, &link.Counters{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go m.republish(ctx)
		synctest.Wait() // published once at the start
		for range 64 {
			counts.TookIn()
		}
		shown := func() float64 {
			synctest.Wait()
			return m.show("murmur_packets_received_total" + "map[]")()
		}
		if <-time.After(publishEvery - time.Second); shown() != 0 {
			t.Error("published before the minute was over")
		}
		if <-time.After(2 * time.Second); shown() != 64 {
			t.Errorf("after a minute %v is shown", shown())
		}
	})
}

func TestHealth(t *testing.T) {
	var fault error
	m := New("", func() error { return fault }, NewCounts(), &link.Counters{})
	if status, _ := page(t, m, "/healthz"); status != 200 {
		t.Errorf("a healthy node answers %d", status)
	}
	fault = errors.New("no network document")
	if status, body := page(t, m, "/healthz"); status != 503 ||
		!strings.Contains(body, "no network document") {
		t.Errorf("a node in trouble answers %d %q", status, body)
	}
}

// TestNamesAreClean: what Prometheus' own tool would say of the names and help texts: nothing.
func TestNamesAreClean(t *testing.T) {
	clean := func(more ...Metric) []promlint.Problem {
		m := New("", func() error { return nil }, NewCounts(), &link.Counters{}, more...)
		families, err := m.Gather()
		if err != nil {
			t.Fatal(err)
		}
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		if err != nil {
			t.Fatal(err)
		}
		return problems
	}
	for _, p := range clean() {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	zero := func() float64 { return 0 }
	if len(clean(Metric{Name: "murmur_things", Help: "Count.", Kind: Count, Value: zero})) == 0 {
		t.Error("control: a count without _total is clean")
	}
}

// TestStateIsShownAsItIs: what is wrong is not rounded and does not wait; and the page has which
// program this is, and what its process uses.
func TestStateIsShownAsItIs(t *testing.T) {
	value, links := 0.0, &link.Counters{}
	read := func() float64 { return value }
	m := New("", func() error { return nil }, NewCounts(), links,
		Metric{Name: "faults_total", Help: "h", Kind: Count, Value: read},
		Metric{Name: "state", Help: "h", Kind: State, Value: read},
		Metric{Name: "slow", Help: "h", Value: read},
		Metric{Name: "traffic_total", Help: "h", Kind: Traffic, Value: read})
	value = 3
	_, body := page(t, m, "/metrics")
	for _, want := range []string{"\nfaults_total 3\n", "\nstate 3\n", "\nslow 0\n",
		"\ntraffic_total 0\n", "\nmurmur_build_info{", `version="` + release.Version,
		"\ngo_goroutines ", "\nprocess_start_time_seconds "} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %q", want)
		}
	}
}

// TestOnlyWhoNamesThePage: a page in somebody's browser that has a name of its own lead here reads
// nothing.
func TestOnlyWhoNamesThePage(t *testing.T) {
	m := New("metrics.example:9201", func() error { return nil }, NewCounts(), &link.Counters{})
	for host, good := range map[string]bool{"127.0.0.1:9201": true, "[::1]:9201": true,
		"[::1]": true, "localhost:9201": true, "metrics.example:9201": true,
		"METRICS.example": true, "evil.example:9201": false, "": false,
		"localhost.evil.example": false} {
		for _, path := range []string{"/metrics", "/healthz"} {
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)
			r.Host = host
			m.Handler().ServeHTTP(w, r)
			if (w.Code == 200) != good {
				t.Errorf("%s of %q: %d", path, host, w.Code)
			}
		}
	}
}

// TestIdleScrapersGo: 800 connections that ask and stay, or ask nothing, do not stay, and who comes
// after them is answered.
func TestIdleScrapersGo(t *testing.T) {
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := raw.Addr().String()
	raw.Close()
	m := New(addr, func() error { return nil }, NewCounts(), &link.Counters{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	var conns []net.Conn
	dial := func() net.Conn {
		for {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				return c
			}
		}
	}
	for range 100 {
		conns = append(conns, dial())
	}
	asks := dial()
	fmt.Fprintf(asks, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", addr)
	all, err := io.ReadAll(asks) // until the server closes, which it does after the answer
	if err != nil || !strings.Contains(string(all), "200 OK") {
		t.Errorf("who asks is told %q, %v", all, err)
	}
	gone := 0
	for _, c := range conns[:len(conns)-mostConns] {
		if _, err := c.Read(make([]byte, 1)); err != nil {
			gone++
		}
		c.Close()
	}
	if gone != len(conns)-mostConns {
		t.Errorf("%d of %d idle connections went", gone, len(conns)-mostConns)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestMetricsListenOnLoopback(t *testing.T) {
	for addr, want := range map[string]string{":9201": "127.0.0.1:9201",
		"0.0.0.0:9201": "0.0.0.0:9201", "[::1]:9201": "[::1]:9201"} {
		if got := onLoopback(addr); got != want {
			t.Errorf("%s listens on %s, want %s", addr, got, want)
		}
	}
}
