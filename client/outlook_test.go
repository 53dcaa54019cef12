package client_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/client/fault"
	"murmuration/internal/link"
)

// TestOfflinePostIsNotExpectedSoon: without a connection nobody knows when it is stored, and all
// that is said is how long it takes from then on; the slow way takes longer than the quick one.
func TestOfflinePostIsNotExpectedSoon(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := client.Create(home, client.Init{Name: "Ada", Genesis: crashGenesis(t)}); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{Home: home, Transport: link.NewFabric().Transport})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Publish(); err != nil {
		t.Fatal(err)
	}
	for _, d := range []client.Draft{
		{Text: "over", Expire: -1}, {Text: "for ever", Expire: math.MaxInt64},
		{Text: "open", Poll: []string{"a", "b"}, Closes: time.Hour},
		{Text: "no end", Poll: []string{"a", "b"}},
		{Text: "closed", Poll: []string{"a", "b"}, Closes: -time.Hour},
	} {
		if _, err := c.Post(d); fault.Of(err).ExitCode() != int(fault.User) {
			t.Errorf("%s: %v", d.Text, err)
		}
	}
	slow, err := c.Post(client.Draft{Text: "one"})
	if err != nil {
		t.Fatal(err)
	}
	quick, err := c.Post(client.Draft{Text: "two", Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	lines := c.Outbox()
	for _, said := range []string{
		slow.String(), quick.String(), lines[0].Outlook.String(), lines[1].Outlook.String(),
	} {
		if !strings.HasPrefix(said, "when there is a connection again: then in ") {
			t.Errorf("expected %q", said)
		}
	}
	if slow.Window.Typical <= quick.Window.Typical || slow.Window.Late <= quick.Window.Late ||
		!lines[1].Slow || lines[0].Slow {
		t.Errorf("slow %+v, quick %+v, %+v", slow, quick, lines)
	}
	online := client.Outlook{Window: quick.Window}
	if !strings.HasPrefix(online.String(), "in ") {
		t.Errorf("the control: %s", online)
	}
	online.Unpaid = true
	if !strings.Contains(online.String(), "write tokens") {
		t.Errorf("without tokens: %s", online)
	}
}
