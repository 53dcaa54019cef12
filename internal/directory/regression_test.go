package directory

// Each test here is of a bug that was there once, with a line of its history.

import (
	"testing"
	"time"
)

// History: A signature that found the disk full was not recorded any more.
//
// An action that the disk has no room for comes again, while its round lasts.
func TestActionComesAgain(t *testing.T) {
	g := testGenesis(t, 1)
	now := testStart.Add(100 * time.Millisecond)
	v := newVoter(t, g, "a1", now)
	addAll(t, v, g, now, 0, someNodes...)
	first := v.Due(now)
	if first.Do != DoPersist {
		t.Fatalf("did %v", first.Do)
	}
	if control := v.Due(now); control.Do != DoNothing {
		t.Errorf("control: without being put back, %v follows", control.Do)
	}
	v.Again(first)
	again := v.Due(now)
	if again.Do != DoPersist || again.Record != first.Record {
		t.Fatalf("%v came after it was put back", again.Do)
	}
	if err := v.Persisted(again.Record); err != nil {
		t.Error(err)
	}
	if next := v.Due(now); next.Do != DoPublish {
		t.Errorf("then came %v", next.Do)
	}
	v = newVoter(t, g, "a1", now)
	addAll(t, v, g, now, 0, someNodes...)
	v.Again(v.Due(now))
	for later := g.Schedule().StartOf(1); ; {
		if late := v.Due(later); late.Do == DoPersist {
			t.Error("a record came again after its round")
		} else if late.Do == DoNothing {
			break
		}
	}
}
