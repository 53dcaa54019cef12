package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"murmuration/client/fault"
)

// daemonOf is a daemon that a test plays.
type daemonOf func(*http.Request) (*http.Response, error)

func (d daemonOf) RoundTrip(r *http.Request) (*http.Response, error) { return d(r) }

func playing(d daemonOf) *Client { return &Client{&http.Client{Transport: d}} }

// saying is a daemon with one answer.
func saying(status int, body string) *Client {
	return playing(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Status: http.StatusText(status), Request: r,
			Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	})
}

// TestDecodeIsStrict: no key that nobody knows, no other type, and no byte above the limit.
func TestDecodeIsStrict(t *testing.T) {
	decoded := func(body string, limit int64) (Draft, error) {
		var d Draft
		r := httptest.NewRequest("POST", "/v1/posts", strings.NewReader(body))
		return d, errors.Join(decode(r, limit, &d))
	}
	const good = `{"text":"hello"}`
	if _, err := decoded(good, int64(len(good))); err != nil {
		t.Errorf("the control: %v", err)
	}
	for _, body := range []string{"", "[]", `{"text":7}`, `{"words":"hello"}`, `{"text":"hello"`} {
		if _, err := decoded(body, maxSmall); !errors.Is(err, errRequest) {
			t.Errorf("%s: %v", body, err)
		}
	}
	if _, err := decoded(good, int64(len(good))-1); !errors.Is(err, errRequest) {
		t.Errorf("a byte above the limit: %v", err)
	}
}

// TestAnswersAreNotCached, and one that cannot be written is a failure that a command understands.
func TestAnswersAreNotCached(t *testing.T) {
	w := httptest.NewRecorder()
	answer(w, http.StatusOK, map[string]int{"a": 1})
	if w.Code != 200 || w.Body.String() != "{\"a\":1}\n" ||
		w.Header().Get("Content-Type") != "application/json" ||
		w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	w = httptest.NewRecorder()
	answer(w, http.StatusOK, func() {})
	err := refused(http.StatusText(w.Code), w.Body.Bytes())
	if w.Code != 500 || !strings.Contains(err.Error(), "encoding the answer") {
		t.Errorf("%d %v", w.Code, err)
	}
}

// TestFaultsCrossTheSocket: each comes out as it went in, whatever its code.
func TestFaultsCrossTheSocket(t *testing.T) {
	codes := []fault.Code{
		fault.User, fault.Network, fault.Trust, fault.Quota, fault.Locked, fault.NotFound,
		fault.Timeout, fault.Internal, 99,
	}
	for _, code := range codes {
		w := httptest.NewRecorder()
		fail(w, fault.New(code, "it is so", "do this"))
		f := fault.Of(refused(http.StatusText(w.Code), w.Body.Bytes()))
		if f.ExitCode() != int(code) || f.Hint() != "do this" || f.Error() != "it is so" {
			t.Errorf("%d came back as %d: %v", code, f.ExitCode(), f)
		}
		if w.Code < 400 || code == 99 && w.Code != 500 {
			t.Errorf("fault %d has status %d", code, w.Code)
		}
	}
}

// TestDaemonThatIsNone: what does not speak version 1 is said so, not believed.
func TestDaemonThatIsNone(t *testing.T) {
	for body, status := range map[string]int{
		"<html>": 200, "": 502, `{"error":{}}`: 409, "no json": 500, `{"api":2,"pid":7}`: 200,
	} {
		if pid, err := saying(status, body).Ping(t.Context()); !errors.Is(err, errRequest) ||
			pid != 0 {
			t.Errorf("%d %s: %d, %v", status, body, pid, err)
		}
	}
	if pid, err := saying(200, `{"api":1,"pid":7}`).Ping(t.Context()); err != nil || pid != 7 {
		t.Errorf("the control: %d, %v", pid, err)
	}
}

// TestAnswerThatIsNone: a list that does not decode is not an empty one.
func TestAnswerThatIsNone(t *testing.T) {
	for _, body := range []string{"{}", "[", `[{"post":7}]`} {
		if all, err := saying(200, body).Outbox(t.Context()); !errors.Is(err, errRequest) {
			t.Errorf("%s: %+v, %v", body, all, err)
		}
	}
	if all, err := saying(200, "[]").Outbox(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("the control: %+v, %v", all, err)
	}
}

// TestDaemonThatIsGone: before the connection, within an answer, or because the command has ended.
func TestDaemonThatIsGone(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("/home/ada/socket")}
	read := &net.OpError{Op: "read", Err: errors.New("reset")}
	for _, lost := range []error{dial, read, io.ErrUnexpectedEOF} {
		c := playing(func(*http.Request) (*http.Response, error) { return nil, lost })
		err := c.Stop(t.Context())
		want := errEnded
		if lost == error(dial) {
			want = ErrNoDaemon
		}
		if !errors.Is(err, want) || strings.Contains(err.Error(), "ada") ||
			errors.Is(err, lost) != (want == errEnded) {
			t.Errorf("%v: %v", lost, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := playing(func(*http.Request) (*http.Response, error) { cancel(); return nil, read })
	if err := c.Stop(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, ErrNoDaemon) {
		t.Errorf("a command that ended: %v", err)
	}
	c = playing(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(broken{}), Request: r}, nil
	})
	if err := c.Stop(t.Context()); !errors.Is(err, errEnded) {
		t.Errorf("half an answer: %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestIDIsNoPath: nothing that a person types asks the daemon for something else.
func TestIDIsNoPath(t *testing.T) {
	for _, id := range []string{
		"a0z9", "", ".", "..", "../stop", "a/b", "a?b", "a#b", "%2e%2e", "é", " ", "a:b",
	} {
		var asked []string
		c := playing(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, path.Clean(r.URL.EscapedPath()))
			return nil, io.EOF
		})
		_, _ = c.Photo(t.Context(), id, 1, nil)
		_, _ = c.Thread(t.Context(), id)
		_, _ = c.App(t.Context(), id)
		_, _ = c.Contact(t.Context(), id)
		_, _, _ = c.Unpost(t.Context(), id), c.Unsend(t.Context(), id), c.Revoke(t.Context(), id)
		if len(asked) != 7 {
			t.Fatalf("%q: %d questions", id, len(asked))
		}
		for _, at := range asked {
			if parts := strings.Split(at, "/"); len(parts) != 4 || parts[1] != "v1" {
				t.Errorf("%q asks for %s", id, at)
			}
		}
	}
}

// TestPhotoWithoutProgress is fetched as well, and a refusal ends the waiting.
func TestPhotoWithoutProgress(t *testing.T) {
	file, err := saying(200, `{"here":true}`).Photo(t.Context(), "abc", 1, nil)
	if err != nil || len(file) == 0 {
		t.Errorf("%q, %v", file, err)
	}
	no := `{"error":{"message":"gone","code":1}}`
	if _, err := saying(404, no).Photo(t.Context(), "abc", 1, nil); err == nil ||
		!strings.Contains(err.Error(), "gone") {
		t.Errorf("%v", err)
	}
}

// TestJudgeAsksToForget: the request that it is.
func TestJudgeAsksToForget(t *testing.T) {
	var did string
	c := playing(func(r *http.Request) (*http.Response, error) {
		did = r.Method + " " + r.URL.Path
		if r.Body != nil && r.Body != http.NoBody {
			t.Error("it has a body")
		}
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
	})
	if err := c.Judge(t.Context()); err != nil || did != "DELETE /v1/findings" {
		t.Errorf("%s, %v", did, err)
	}
}
