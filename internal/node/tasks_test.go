package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/internal/directory"
)

func newTasks(log *strings.Builder) *announcer {
	return &announcer{log: slog.New(slog.NewTextHandler(log, nil)), chassis: &keyless{},
		registry: &registry{}, described: map[directory.Epoch]*directory.Descriptor{},
		rng:      mrand.New(mrand.NewPCG(1, 2)),
		schedule: directory.Schedule{Start: time.Now(), Length: time.Hour}}
}

// TestTurnsOfTasks: the earliest that is not done.
func TestTurnsOfTasks(t *testing.T) {
	at := func(n int, done bool) *task {
		return &task{at: epoch0.Add(time.Duration(n)), done: done}
	}
	list := []*task{at(3, false), at(1, true), at(2, false), at(4, false)}
	for _, want := range []int{2, 0, 3} {
		if got := earliest(list); got != list[want] {
			t.Fatalf("task %d is not next", want)
		}
		list[want].done = true
	}
	if got := earliest(list); got != nil {
		t.Errorf("all are done, and next is %v", got)
	}
}

// TestTries of a task: until it succeeds, its time is up, the node ends, or it cannot go on.
func TestTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trouble := errors.New("no answer")
		for _, c := range []struct {
			name        string
			until       time.Duration
			err         error
			cancel      bool
			tries       int
			done, fails bool
			says        string
		}{
			{"success", time.Hour, nil, false, 1, true, false, ""},
			{"too late", 0, nil, false, 0, true, false, ""},
			{"again", time.Hour, trouble, false, 1, false, false, ""},
			{"the last try", time.Millisecond, trouble, false, 1, true, false, "gave up"},
			{"a second task", time.Millisecond, trouble, false, 1, true, false, ""},
			{"the node ends", time.Millisecond, trouble, true, 1, false, false, ""},
			{"no way on", time.Hour, fmt.Errorf("so: %w", fatal{trouble}), false, 1, false, true,
				""},
		} {
			var log strings.Builder
			a, tries := newTasks(&log), 0
			one := a.tasks(time.Now(), 0)[0]
			one.failure, one.until = "gave up", time.Now().Add(c.until)
			if c.name == "a second task" {
				one.failure = "" // the first one says it
			}
			one.try = func(context.Context) error { tries++; return c.err }
			ctx, cancel := context.WithCancel(t.Context())
			if c.cancel {
				cancel()
			}
			err := a.attempt(ctx, one)
			cancel()
			if (err != nil) != c.fails || c.fails && err != trouble || tries != c.tries ||
				one.done != c.done {
				t.Errorf("%s: %v after %d tries, done: %t", c.name, err, tries, one.done)
			}
			if got := log.String(); strings.Contains(got, "gave up") != (c.says != "") ||
				c.says == "" && got != "" {
				t.Errorf("%s: said %q", c.name, got)
			}
			if c.name == "again" && !one.at.After(time.Now()) {
				t.Error("the next try is not later")
			}
		}
	})
}

// TestTimesOfTasks: the first in the first quarter of the epoch, the second in the eighth after it.
func TestTimesOfTasks(t *testing.T) {
	var log strings.Builder
	a := newTasks(&log)
	start, eighth := a.schedule.StartOf(3), a.schedule.Length/8
	for range 20 {
		list := a.tasks(start, 3)
		if len(list) != 3 || list[0].at.Before(start) || list[1].at.Before(start.Add(2*eighth)) ||
			list[1].at.After(start.Add(3*eighth)) || list[0].failure == "" ||
			list[1].failure != "" || !list[2].at.Equal(start) {
			t.Errorf("%v: %v and %v", start, list[0], list[1])
		}
		if !list[0].at.Before(list[1].at) {
			t.Error("the second time is not later")
		}
	}
}

// TestSameDescriptorAgain: what is handed in again are the same bytes; those of epochs that are
// over are forgotten.
func TestSameDescriptorAgain(t *testing.T) {
	var log strings.Builder
	a := newTasks(&log)
	for _, e := range []directory.Epoch{1, 2, 1} {
		before := a.described[e]
		if err := a.submit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if before != nil && a.described[e] != before || a.described[e] == nil {
			t.Errorf("epoch %d was described anew", e)
		}
	}
	a.tasks(a.schedule.StartOf(2), 2)
	if a.described[1] != nil || a.described[2] == nil {
		t.Errorf("known are %v", a.described)
	}
}

// TestReasonsAreToldOnce, and when they are over.
func TestReasonsAreToldOnce(t *testing.T) {
	var log strings.Builder
	a := newTasks(&log)
	for i, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("no answer"), ""},
		{directory.RefusedClock, ""},
		{nil, ""},
		{directory.RefusedKeys, "refuses this node"},
		{fmt.Errorf("asking: %w", directory.RefusedKeys), ""},
		{directory.RefusedLater, ""},
		{directory.RefusedNotAdmitted, "refuses this node"},
		{errors.New("no answer"), ""},
		{directory.RefusedNotAdmitted, ""},
		{nil, "takes this node"},
		{nil, ""},
		{directory.RefusedKeys, "refuses this node"},
	} {
		log.Reset()
		a.tell(c.err)
		if got := log.String(); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("step %d, %v: said %q", i, c.err, got)
		}
	}
}
