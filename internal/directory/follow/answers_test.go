package follow

import (
	"errors"
	"testing"
	"time"

	"murmuration/internal/directory"
)

// asking is a follower that has just asked for the document of epoch 3.
func asking(t *testing.T) (*followed, Step) {
	t.Helper()
	w := newFollowed(t)
	w.begin("3h10m", nil)
	for {
		if step := w.f.Due(w.now); step.Do == Fetch {
			if step.Epoch != 3 {
				t.Fatalf("asks for epoch %d", step.Epoch)
			}
			return w, step
		} else if step.Do == Nothing {
			t.Fatal("asks for nothing")
		}
	}
}

// TestOneQuestionAtATime: until the answer, there is nothing to do before the next epoch.
func TestOneQuestionAtATime(t *testing.T) {
	w, _ := asking(t)
	if step := w.f.Due(w.now.Add(time.Minute)); step.Do != Nothing {
		t.Errorf("asked, and is to %s", step.Do)
	}
	if next := w.f.Next(w.now.Add(time.Minute)); !next.Equal(w.time("4h")) {
		t.Errorf("next at %s", next.Sub(w.start))
	}
}

// TestAnswerToNothing changes nothing.
func TestAnswerToNothing(t *testing.T) {
	w := newFollowed(t)
	w.begin("3h10m", nil)
	if err := w.f.Answered(w.now, w.w.Document(3), nil); err != nil ||
		len(w.f.Chain().Epochs()) != 0 {
		t.Errorf("%v, and held are %v", err, w.f.Chain().Epochs())
	}
}

// TestAnswerToAnotherQuestion is not taken, and does not say that there is no document.
func TestAnswerToAnotherQuestion(t *testing.T) {
	for _, e := range []directory.Epoch{2, 4} {
		w, _ := asking(t)
		err := w.f.Answered(w.now, w.w.Document(e), nil)
		if err == nil || errors.Is(err, directory.ErrNoDocument) ||
			len(w.f.Chain().Epochs()) != 0 {
			t.Errorf("epoch %d: %v, and held are %v", e, err, w.f.Chain().Epochs())
		}
		if step := w.f.Due(w.now); step.Do != Fetch || step.Epoch != 3 {
			t.Errorf("then to %s %d", step.Do, step.Epoch)
		}
	}
}

// TestClockJumps: what was asked for before does not matter when the clock is in another epoch.
func TestClockJumps(t *testing.T) {
	for _, to := range []string{"4h10m", "8h10m", "1h10m"} {
		w, _ := asking(t)
		if err := w.f.Answered(w.now, nil, directory.ErrNoDocument); err == nil {
			t.Fatal("no error")
		}
		w.now = w.time(to)
		e := directory.Epoch(w.now.Sub(w.start) / time.Hour)
		for range 9 {
			if w.f.Due(w.now).Do == Fetch {
				break
			}
			w.now = w.f.Next(w.now)
		}
		if err := w.f.Answered(w.now, w.w.Document(e), nil); err != nil {
			t.Errorf("at %s: %v", to, err)
		}
		if step := w.f.Due(w.now); step.Do != Use || step.Document.Epoch != e {
			t.Errorf("at %s: to %s", to, step.Do)
		}
	}
}

// TestNextBeforeTheStart is the start.
func TestNextBeforeTheStart(t *testing.T) {
	w := newFollowed(t)
	w.begin("-90m", nil)
	if step := w.f.Due(w.now); step.Do != Report || step.Trouble.Kind != BeforeStart {
		t.Errorf("to %s: %v", step.Do, step.Trouble)
	}
	if next := w.f.Next(w.now); !next.Equal(w.start) {
		t.Errorf("next at %s", next.Sub(w.start))
	}
}
