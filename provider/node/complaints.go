package node

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"murmuration/internal/box"
)

// complaints tell what the store cannot do, each cause once, and once more after a time: a broken
// disk fails at every request and in every slot, and must not fill the log for as long. That a part
// of it is away it tells itself.
type complaints struct {
	log   *slog.Logger
	again time.Duration // after which it is told again: an epoch

	mu   sync.Mutex // guards all below
	told map[complaint]time.Time
}

// complaint is what went wrong, and its cause without names of files and numbers, which change.
type complaint struct{ what, cause string }

// mostComplaints that are not forgotten yet: beyond them causes have names that change after all.
const mostComplaints = 32

func (c *complaints) tell(what string, err error) {
	if errors.Is(err, box.ErrAway) {
		return
	}
	if c.isNew(complaint{what, root(err).Error()}, time.Now()) {
		c.log.Error(what, "error", err)
	}
}

func (c *complaints) isNew(one complaint, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for old, at := range c.told {
		if now.Sub(at) >= c.again {
			delete(c.told, old)
		}
	}
	if _, known := c.told[one]; known || len(c.told) >= mostComplaints {
		return false
	}
	if c.told == nil {
		c.told = map[complaint]time.Time{}
	}
	c.told[one] = now
	return true
}

// root is the innermost of errors, of several that are joined the first one's.
func root(err error) error {
	for {
		var inner error
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			inner = e.Unwrap()
		case interface{ Unwrap() []error }:
			if all := e.Unwrap(); len(all) > 0 {
				inner = all[0]
			}
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}
