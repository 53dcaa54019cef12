package api

import (
	"strings"
	"testing"

	"murmuration/client/app"
	"murmuration/client/contact"
	"murmuration/client/fault"
)

// TestAppsByCommands: what is refused, with what to do about it.
func TestAppsByCommands(t *testing.T) {
	ada, _ := daemon(t)
	ctx := t.Context()
	if all, err := ada.Apps(ctx, ""); err != nil || all == nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	show := func(id string) func() error {
		return func() error { _, err := ada.App(ctx, id); return err }
	}
	for name, c := range map[string]struct {
		do   func() error
		want *fault.Fault
	}{
		"nobody": {func() error {
			_, err := ada.RunApp(ctx, Doing{App: "game", With: "ben", Words: []string{"4"}})
			return err
		}, contact.ErrNoContact},
		"nobody's": {func() error { _, err := ada.Apps(ctx, "ben"); return err },
			contact.ErrNoContact},
		"none": {show("abcdefgh"), app.ErrNone}, "short": {show("abc"), app.ErrNone},
		"up there": {show(".."), app.ErrNone}, "nothing": {show(""), app.ErrNone},
	} {
		if err := c.do(); err == nil || !strings.HasPrefix(err.Error(), c.want.Error()) ||
			fault.Of(err).Hint() != c.want.Hint() {
			t.Errorf("%s: %v", name, err)
		}
	}
}
