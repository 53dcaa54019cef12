package connection

import (
	"sync"
	"time"

	"murmuration/client/sender"
)

// locked is what a person sees of the sender, which the slots use at the same time.
type locked struct {
	mu *sync.Mutex // that of slots
	s  *sender.Sender
}

func (l locked) Enqueue(now time.Time, r sender.Request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.s.Enqueue(now, r)
}

func (l locked) Cancel(token uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.s.Cancel(token)
}

func (l locked) Handed() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.s.Handed()
}
