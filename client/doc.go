// Package client is what a person runs: it sends at a constant Poisson rate, real or cover, keeps
// feeds and photos on this computer, and talks to one provider only.
//
// The Sender is a pure core: time and randomness are arguments, and it returns what to send. Its
// files are
//
//	sender.go streams.go parcel.go flight.go receive.go outbox.go watch.go route.go view.go window.go
//
// and they use nothing that the package's other files declare. The Client is the driver around it:
// it owns the link to the provider, the store, the clock and every goroutine. What people say to
// each other is below: feed (links and posts), photo (pictures), store (sealed records) and api
// (what the commands talk to).
//
// The package must not let anything that a person does, or that a provider answers, move a slot:
// when a packet leaves is decided by generators that see neither queues nor replies.
package client
