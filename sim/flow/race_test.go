//go:build race

package flow

// racing tells that the race detector slows everything down fifteen times. Goroutines meet in
// Replicate alone, so a few networks and rows show as much of that as all of them.
const racing = true
