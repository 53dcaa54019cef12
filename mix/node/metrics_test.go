package node_test

import (
	"context"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"murmuration/internal/counted"
	"murmuration/internal/node/metrics"
	mixnode "murmuration/mix/node"
)

// TestMetricsNameNobody: the only labels are reasons and events; no number names a peer.
func TestMetricsNameNobody(t *testing.T) {
	v := variant{silent: everybody, loopEvery: time.Second}
	onStage(t, v, func(ctx context.Context, s *stage, n *mixnode.Node) {
		pass(2 * time.Minute)
		_, _, metrics := n.Inside()
		_, body := page(t, metrics)
		counted.Say(t, "canaries", "%d bytes of metrics name nobody", len(body))
		for line := range strings.Lines(body) {
			name, rest, labelled := strings.Cut(line, "{")
			label, _, _ := strings.Cut(rest, "}")
			if labelled && strings.HasPrefix(name, "murmur_") && name != "murmur_build_info" &&
				!regexp.MustCompile(`^(reason|event)="[a-z0-9_]+"$`).MatchString(label) {
				t.Errorf("a metric has the label %s", label)
			}
		}
		for _, other := range s.net.Nodes {
			if strings.Contains(body, other.Addr) ||
				strings.Contains(body, s.identity(other.Name).ID().String()[:16]) {
				t.Error("a metric names a node")
			}
		}
		for _, name := range []string{"murmur_loop_return_ratio", "murmur_loop_worst_link_ratio",
			"murmur_loop_alarm 1", "murmur_replay_fill", "murmur_links_up ", `reason="bad_mac"`,
			"murmur_in_document 1\n", "murmur_document_age_epochs 0\n",
			"\nmurmur_clock_offset_seconds 0"} {
			if !strings.Contains(body, name) {
				t.Errorf("the page has no %s", name)
			}
		}
	})
}

// page is what a scraper of a node's metrics reads.
func page(t *testing.T, m *metrics.Page) (status int, body string) {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil)
	r.Host = "127.0.0.1"
	m.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
