// Package gather is what a committer takes at once of the requests that wait for it, so that many
// share one commit to the disk. It must not know what a request is, nor keep one.
package gather

import "runtime"

// Most bounds a batch: 256 boxes of 8 KiB are 2 MiB. Beyond some hundred, one commit more or less
// no longer shows.
const Most = 256

// patience is how often in a row nothing more is found, and others are let run, before a batch is
// whole: some microseconds when nobody comes.
const patience = 8

// Waiting returns what waits and what comes while others get to run: those who were just answered
// ask again at once, and a batch begun without them would cost them a whole commit. It never waits
// for a first one.
func Waiting[T any](requests <-chan T) (all []T) {
	for idle := 0; idle < patience && len(all) < Most; {
		select {
		case r, ok := <-requests:
			if !ok {
				return all
			}
			all, idle = append(all, r), 0
		default:
			runtime.Gosched()
			idle++
		}
	}
	return all
}
