package person

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
)

// TestExportedPagesAreEscaped: what others say is text in a page, and nothing else.
func TestExportedPagesAreEscaped(t *testing.T) {
	const hostile = `<script>alert(1)</script>" onload="x`
	dir := t.TempDir()
	all := exported{
		[]exportedPost{{api.Post{
			ID: "abcdefgh", Author: hostile, Text: hostile, Warning: hostile, Circle: hostile,
		}, []string{"abcdefgh-1.jpg"}}},
		[]api.Message{{With: hostile, Text: hostile}},
	}
	if err := exportHTML(dir, all); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<script") || strings.Contains(string(page), `" onload`) {
		t.Errorf("the page runs what others say: %s", page)
	}
	if n := strings.Count(string(page), "&lt;script&gt;"); n != 6 {
		t.Errorf("control: of 6 texts %d are there", n)
	}
	if !strings.Contains(string(page), `src="abcdefgh-1.jpg"`) {
		t.Error("control: the photo is not there")
	}
}

// stand answers what an export asks for: a post with two photos, and so many messages with Ben.
func stand(messages int) http.Handler {
	mux := http.NewServeMux()
	give := func(pattern string, answer func(r *http.Request) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewEncoder(w).Encode(answer(r))
		})
	}
	give("GET /v1/posts", func(*http.Request) any {
		here := api.Picture{State: "here"}
		return []api.Post{{ID: "aaaabbbbccccdddd", Photos: []api.Picture{here, here}}}
	})
	give("GET /v1/inbox", func(*http.Request) any { return []api.Conversation{{Alias: "ben"}} })
	give("GET /v1/messages", func(r *http.Request) any {
		n, last := 0, messages
		_, _ = fmt.Sscan(r.URL.Query().Get("n"), &n)
		_, _ = fmt.Sscan(r.URL.Query().Get("before"), &last)
		all := []api.Message{}
		for i := max(0, last-n); i < last; i++ {
			all = append(all, api.Message{ID: fmt.Sprint(i)})
		}
		return all
	})
	give("POST /v1/photos/{post}", func(*http.Request) any { return api.Photo{Here: true} })
	mux.HandleFunc("GET /v1/photos/{post}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "photo ", r.URL.Query().Get("n"))
	})
	return mux
}

// History: only the last thousand messages with somebody were written out, and a post with a photo
// ended it all.
func TestEverythingIsExported(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go http.Serve(listener, stand(2345)) // until the listener closes
	d := api.Dial(socket)
	defer d.Close()
	c := cli.NewContext(cli.NewApp(), nil, nil)
	c.Context = t.Context()
	all, err := exportedOf(c, d, dir)
	if err != nil || len(all.Messages) != 2345 || len(all.Posts) != 1 {
		t.Fatalf("%d messages, %d posts, %v", len(all.Messages), len(all.Posts), err)
	}
	for i, m := range all.Messages {
		if m.ID != fmt.Sprint(i) {
			t.Fatalf("at %d stands message %s", i, m.ID)
		}
	}
	for i, name := range all.Posts[0].Files {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(b) != fmt.Sprint("photo ", i+1) {
			t.Errorf("file %d is %q, %v", i, b, err)
		}
	}
	if len(all.Posts[0].Files) != 2 {
		t.Errorf("files %q", all.Posts[0].Files)
	}
}
