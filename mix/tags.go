package mix

import (
	"math"
	"time"

	"murmuration/internal/directory"
)

// Slack is by how much more than the network's rate providers let a client send, so that a Poisson
// sender is practically never over it.
const Slack = 1.5

// Tags bounds the replay tags that one key of a mix must have room for while it is in use, when all
// clients that the network admits send as much as providers let through, and all of it this way: a
// request passes a layer twice, there and back, a loop and a drop once. So nobody can fill the set
// of an epoch by sending, after which the mix would forward nothing.
func Tags(par directory.Parameters) int {
	s := par.Streams()
	passes := s.PerSecond() + 1/par.PayloadEvery.Seconds()
	return Room(float64(par.Clients)*passes, KeyInUse(par))
}

// Room is how many tags come at a rate within a time, with the slack.
func Room(perSecond float64, within time.Duration) int {
	return int(min(Slack*perSecond*within.Seconds(), math.MaxInt32))
}

// KeyInUse is for how long a key is in use: its epoch, and the grace on both sides.
func KeyInUse(par directory.Parameters) time.Duration { return par.EpochLength + 2*par.Grace }
