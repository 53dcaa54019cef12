package api

// Each test here is of a bug that was there once, with a line of its history.

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
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
