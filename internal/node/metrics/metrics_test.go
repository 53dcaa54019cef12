package metrics

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/link"
)

func page(t *testing.T, m *Page, path string) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
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

func TestMetricsListenOnLoopback(t *testing.T) {
	for addr, want := range map[string]string{":9201": "127.0.0.1:9201",
		"0.0.0.0:9201": "0.0.0.0:9201", "[::1]:9201": "[::1]:9201"} {
		if got := onLoopback(addr); got != want {
			t.Errorf("%s listens on %s, want %s", addr, got, want)
		}
	}
}
