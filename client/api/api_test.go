package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/feed"
	"murmuration/client/picture"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/link"
)

func testGenesis(t testing.TB, start time.Time) *directory.Genesis {
	par, err := directory.Defaults("x25519")
	if err != nil {
		t.Fatal(err)
	}
	one := []directory.Authority{
		{Name: "p1", ID: directory.NewIdentity([32]byte{1}).ID(), Addr: "p1:1"},
	}
	g, err := directory.NewGenesis("test", start, par, one, one)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func testHome(t testing.TB, start time.Time) client.Config {
	home := filepath.Join(t.TempDir(), "h")
	if err := client.Create(home,
		client.Init{Name: "Ada", Genesis: testGenesis(t, start)}); err != nil {
		t.Fatal(err)
	}
	return client.Config{Home: home, Transport: link.NewFabric().Transport} // nobody listens there
}

func openClient(t testing.TB) *client.Client {
	c, err := client.New(testHome(t, time.Now().Add(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// daemon serves a client on a real socket until the test ends.
func daemon(t *testing.T) (*Client, <-chan error) {
	socket := filepath.Join(t.TempDir(), "s")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	c := openClient(t)
	ended := make(chan struct{})
	go func() { // ends with cancel
		defer close(ended)
		done <- Serve(ctx, c, socket, nil)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	cl := Dial(socket)
	t.Cleanup(func() { cl.Close() })
	for { // the socket appears when the daemon listens
		if _, err := cl.Ping(t.Context()); err == nil {
			return cl, done
		} else if !errors.Is(err, ErrNoDaemon) {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Fatal(err)
		default:
		}
	}
}

func somePicture(t testing.TB) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCommandsOfADay(t *testing.T) {
	c, done := daemon(t)
	ctx := t.Context()
	if _, err := c.Post(ctx, Draft{Text: "too early"}); fault.Of(err).ExitCode() != 1 ||
		!strings.Contains(fault.Of(err).Hint(), "feed publish") {
		t.Errorf("a post without a feed: %v", err)
	}
	l, err := c.Publish(ctx)
	if err != nil || !strings.HasPrefix(l, "murmur:feed/") {
		t.Fatal(l, err)
	}
	receipt, err := c.Post(ctx, Draft{
		Text: "hello", Photos: []Attached{{somePicture(t), "grey"}},
	})
	if err != nil || receipt.Boxes != 2 || receipt.Expected == "" {
		t.Fatalf("%+v, %v", receipt, err)
	}
	posts, err := c.Timeline(ctx, 5)
	if err != nil || len(posts) != 1 || posts[0].Text != "hello" ||
		posts[0].Photos[0].State != "here" || !posts[0].Own {
		t.Fatalf("%+v, %v", posts, err)
	}
	heard := 0
	file, err := c.Photo(ctx, receipt.Post, 1, func(p Photo) { heard = p.Got })
	if err != nil || len(file) != posts[0].Photos[0].Bytes || heard != 1 {
		t.Fatalf("%d bytes, progress %d, %v", len(file), heard, err)
	}
	lines, err := c.Outbox(ctx)
	if err != nil || len(lines) != 1 || lines[0].State != "queued" || lines[0].Soon == "" {
		t.Fatalf("%+v, %v", lines, err)
	}
	s, err := c.Status(ctx) // three boxes wait: post, photo, and the head of the feed
	if err != nil || s.Connected || s.Waiting != 3 || s.Name != "Ada" {
		t.Fatalf("%+v, %v", s, err)
	}
	v, err := c.Network(ctx)
	if err != nil || v.Label != "test" || v.Budget.BytesPerDay < 1e8 {
		t.Fatalf("%+v, %v", v, err)
	}
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	if _, err := c.Ping(ctx); !errors.Is(err, ErrNoDaemon) {
		t.Errorf("after it ended: %v", err)
	}
}

func TestFollowing(t *testing.T) {
	ada, _ := daemon(t)
	ctx := t.Context()
	own, err := ada.Publish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]*fault.Fault{
		own:                 feed.ErrOwnFeed,
		own[:len(own)-2]:    feed.ErrChecksum,
		"murmur:feed/":      feed.ErrChecksum,
		"nothing":           feed.ErrLink,
		otherNetwork(t):     feed.ErrNetwork,
		otherNetwork(t)[1:]: feed.ErrLink,
	} {
		if err := ada.Follow(ctx, text, ""); err == nil ||
			!strings.Contains(err.Error(), want.Error()) ||
			fault.Of(err).ExitCode() != want.ExitCode() {
			t.Errorf("%.30s: %v, not %v", text, err, want)
		}
	}
	if list, err := ada.Follows(ctx); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	if err := ada.Unfollow(ctx, 5); fault.Of(err).ExitCode() != 7 {
		t.Errorf("unfollowing nothing: %v", err)
	}
}

// otherNetwork is a link of a network with another genesis.
func otherNetwork(t *testing.T) string {
	c, err := client.New(testHome(t, time.Now().Add(-2*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	l, err := c.Publish()
	if err != nil {
		t.Fatal(err)
	}
	return l.String()
}

func TestRefusalsQueueNothing(t *testing.T) {
	c, _ := daemon(t)
	ctx := t.Context()
	if _, err := c.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]Draft{
		"empty":       {},
		"long":        {Text: strings.Repeat("x", content.MaxText+1)},
		"escape":      {Text: "\x1b[31m"},
		"not a photo": {Text: "see", Photos: []Attached{{File: []byte("GIF89a, but no")}}},
		"alt": {Photos: []Attached{
			{somePicture(t), strings.Repeat("a", content.MaxAlt+1)},
		}},
	} {
		if _, err := c.Post(ctx, d); fault.Of(err).ExitCode() != int(fault.User) ||
			fault.Of(err).Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := c.Post(ctx, Draft{Photos: []Attached{{File: make([]byte, picture.MaxFile+1)}}})
	if !strings.Contains(err.Error(), picture.ErrTooLarge.Error()) {
		t.Errorf("a file that is too large: %v", err)
	}
	if lines, err := c.Outbox(ctx); err != nil || len(lines) != 0 {
		t.Errorf("something was queued: %+v, %v", lines, err)
	}
	if _, err := c.Post(ctx, Draft{Text: "the control"}); err != nil {
		t.Error(err)
	}
}

func TestBadRequests(t *testing.T) {
	s := newServer(openClient(t), func() {})
	for _, r := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1", "", 200},
		{"GET", "/v2/status", "", 400},
		{"GET", "/", "", 400},
		{"PUT", "/v1/status", "", 400},
		{"POST", "/v1/posts", "", 400},
		{"POST", "/v1/posts", "{", 400},
		{"POST", "/v1/posts", `{"text":1}`, 400},
		{"POST", "/v1/posts", `{"txt":"hello"}`, 400},
		{"POST", "/v1/posts", `{"text":"a"}{"text":"b"}`, 400},
		{"POST", "/v1/follows", `{"link":"` + strings.Repeat("a", maxSmall) + `"}`, 400},
		{"GET", "/v1/posts?n=0", "", 400},
		{"GET", "/v1/posts?n=x", "", 400},
		{"GET", "/v1/photos/nope", "", 404},
		{"POST", "/v1/photos/nope", "", 404},
		{"DELETE", "/v1/follows/x", "", 400},
	} {
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, httptest.NewRequest(r.method, r.path, strings.NewReader(r.body)))
		if w.Code != r.status {
			t.Errorf(
				"%s %s %.30s: %d, not %d: %s", r.method, r.path, r.body, w.Code, r.status, w.Body,
			)
		}
		var f failure
		if w.Code != 200 &&
			(json.Unmarshal(w.Body.Bytes(), &f) != nil || f.Error.Message == "" ||
				f.Error.Code == 0) {
			t.Errorf("%s %s: not an error of this API: %s", r.method, r.path, w.Body)
		}
	}
}

func TestSecondDaemonNamesTheFirst(t *testing.T) {
	cfg := testHome(t, time.Now().Add(-time.Hour))
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.New(cfg)
	var locked *durable.Locked
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("a second client: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err = client.New(cfg); err != nil {
		t.Errorf("after the first has ended: %v", err)
	} else {
		c.Close()
	}
}

func FuzzRequests(f *testing.F) {
	f.Add("POST", "/v1/follows", `{"link":"murmur:feed/aaaa"}`)
	f.Add("POST", "/v1/posts", `{"text":"hello","photos":[{"file":"R0lG"}]}`)
	f.Add("GET", "/v1/posts?n=3", "")
	f.Add("DELETE", "/v1/follows/1", "")
	s := newServer(openClient(f), func() {})
	f.Fuzz(func(t *testing.T, method, path, body string) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \x00\r\n") ||
			method == "" ||
			strings.ContainsAny(method, " \x00\r\n()<>@,;:\\\"/[]?={}\t") {
			return
		}
		r, err := http.NewRequest(method, "http://murmur"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	})
}

// TestFindings: there are none, which can be listed and judged as any other.
func TestFindings(t *testing.T) {
	c, _ := daemon(t)
	if found, err := c.Findings(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	if err := c.Judge(t.Context()); err != nil {
		t.Error(err)
	}
}
