package box_test

import (
	"testing"

	"murmuration/internal/box"
	"murmuration/internal/box/boxtest"
)

func TestMemStore(t *testing.T) {
	boxtest.Suite(t, func(t *testing.T) (boxtest.Store, func(bool)) {
		s := box.NewMemStore(0)
		return s, func(full bool) { box.SetLimit(s, full) }
	})
}
