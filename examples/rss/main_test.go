package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"murmuration/examples/daemon"
	"murmuration/examples/daemon/daemontest"
)

// TestEachItemIsPostedOnce: the oldest first, whatever the feed repeats, and although the daemon
// and the mirror are started anew; what is no feed posts nothing.
func TestEachItemIsPostedOnce(t *testing.T) {
	items := []string{"two", "one", "one"}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed" {
			fmt.Fprint(w, "<html>no feed")
			return
		}
		fmt.Fprint(w, `<rss version="2.0"><channel><title>News</title>`)
		for _, i := range items {
			fmt.Fprintf(w, "<item><title> The\n %s &amp; "+
				"more</title><link>http://x/%s</link></item>", i,
				i)
		}
		fmt.Fprint(w, "</channel></rss>")
	}))
	defer web.Close()
	home := daemontest.Home(t)
	for range 2 {
		daemontest.Run(t, home, func(socket string) {
			d := daemon.At(socket)
			for range 2 {
				if err := mirror(t.Context(), d, web.URL+"/feed"); err != nil {
					t.Fatal(err)
				}
			}
			if err := mirror(t.Context(), d, web.URL); err == nil {
				t.Error("a page is taken for a feed")
			}
			own, err := d.Own(t.Context())
			slices.Reverse(own)
			want := []string{}
			for _, i := range []string{"one", "two", "three"}[:len(items)-1] {
				want = append(want, "The "+i+" & more\nhttp://x/"+i)
			}
			if err != nil || strings.Join(own, "|") != strings.Join(want, "|") {
				t.Errorf("%q, want %q, %v", own, want, err)
			}
		})
		items = []string{"three", "two", "one", "one"}
	}
}
