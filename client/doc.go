// Package client is what a person runs: it keeps feeds and photos on this computer, and talks to one
// provider only.
//
// What is on the wire is decided below, in package sender, a pure core. The Client is the driver
// around it: it owns the link to the provider, the store, the clock and every goroutine. What people
// say to each other is below, too: feed (links and posts), photo (pictures), store (sealed records)
// and api (what the commands talk to).
package client
