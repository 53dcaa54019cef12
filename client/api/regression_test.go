package api

// Each test here is of a bug that was there once, with a line of its history.

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"murmuration/client/content"
	"murmuration/client/fault"
	"murmuration/client/photo"
	"murmuration/client/picture"
)

// History: what stood behind the value of a request was not looked at if it began with a bracket.
func TestOneValueAndNothingBehindIt(t *testing.T) {
	for body, good := range map[string]bool{
		`{"text":"a"}`: true, "{\"text\":\"a\"} \n": true,
		`{"text":"a"}}`: false, `{"text":"a"}]garbage`: false, `{"text":"a"} {}`: false,
		`{"text":"a"} 1`: false, `{"text":"a"},`: false,
	} {
		r := httptest.NewRequest("POST", "/v1/posts", strings.NewReader(body))
		err := decode(r, maxSmall, &Draft{})
		if good != (err == nil) || err != nil && !errors.Is(err, errRequest) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// History: what had a value out of range was told to restart the daemon.
func TestValuesAreNoVersions(t *testing.T) {
	ada, _ := daemon(t)
	for _, path := range []string{
		"/v1/posts?n=0", "/v1/posts?n=x", "/v1/messages?with=a&n=1001", "/v1/search?n=-1",
		"/v1/photos/aaaabbbbccccdddd?n=9", "/v1/events?after=x",
	} {
		method := "GET"
		if err := ada.call(t.Context(), method, path, nil, nil); err == nil ||
			fault.Of(err).ExitCode() != int(fault.User) ||
			strings.Contains(fault.Of(err).Hint(), "restart") {
			t.Errorf("%s: %v, %s", path, err, fault.Of(err).Hint())
		}
	}
	if err := ada.call(t.Context(), "GET", "/v1/nothing", nil, nil); !strings.Contains(
		fault.Of(err).Hint(), "restart") {
		t.Errorf("the control: %v", err)
	}
}

// History: lists of nothing were null, as the answers of `show --json`, and a list without an end
// to whoever reads it.
func TestListsOfNothingAreLists(t *testing.T) {
	s := &server{}
	for _, r := range s.routes() {
		if r.Out == nil {
			continue
		}
		b, err := json.Marshal(filled(r.Out))
		if err != nil || strings.Contains(string(b), "null") {
			t.Errorf("%s %s answers %s, %v", r.Method, r.Path, b, err)
		}
	}
	inner := []Thread{{}}
	b, err := json.Marshal(filled(inner))
	if err != nil || strings.Contains(string(b), "null") || inner[0].Replies != nil {
		t.Errorf("in a list: %s, %v", b, err)
	}
}

// History: the thumbnail of a post came out of `timeline --json` as its author had written it, a
// script as well.
func TestThumbnailsAreOfThisProgram(t *testing.T) {
	made, err := picture.Prepare(somePicture(t), 1<<16, 4000)
	if err != nil {
		t.Fatal(err)
	}
	script := []byte("<script>alert(1)</script>")
	about := content.Photo{Thumb: script}
	for name, thumb := range map[string][]byte{"a post's": nil, "a store's": script} {
		if p := pictureOf(about, photo.State{Thumb: thumb}); p.Thumb != nil {
			t.Errorf("%s thumbnail: %q", name, p.Thumb)
		}
	}
	if p := pictureOf(about, photo.State{Thumb: made.Thumb}); len(p.Thumb) == 0 {
		t.Error("the control: no thumbnail")
	}
}
