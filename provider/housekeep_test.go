package provider

import (
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
)

// TestClockAloneDestroysNothing: days go by the clock, but none that the last network document lists, and
// none without a document.
func TestClockAloneDestroysNothing(t *testing.T) {
	s := &Server{keeper: &Keeper{Calendar: box.Calendar{Genesis: epoch0, Retention: 14}}}
	if got := s.oldest(noon); got != 0 {
		t.Errorf("without a document the oldest day is %d", got)
	}
	doc := &directory.Document{}
	for day := uint16(today) - 14; day <= uint16(today)+1; day++ {
		doc.Storing = append(doc.Storing, directory.StoringSet{Day: day})
	}
	s.document.Store(doc)
	for ahead, want := range map[time.Duration]box.Day{0: today - 14, -48 * time.Hour: today - 16, 1000 * time.Hour: today - 14} {
		if got := s.oldest(noon.Add(ahead)); got != want {
			t.Errorf("with a clock that is %s ahead the oldest day is %d, want %d", ahead, got, want)
		}
	}
}
