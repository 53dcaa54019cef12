package des

import "murmuration/sim/des/wheel"

// An event is a packet at some place, or something that a client meant to do. Its fields are:
//
//	Src   client, or node for loops of mixes
//	Dst   client, provider for requests and drops, first neighbour of a loop of a mix
//	Ref   record of a post, request or bundle; none for cover
//	Aux   serial of a request; last neighbour of a loop of a mix; part in a schedule
//	Late  it came while its client was offline
type (
	event = wheel.Event
	kind  = wheel.Kind
	class = wheel.Class
)

const (
	never = wheel.Never // later than any event
	none  = -1
)

// kind says what to do with an event when its time comes.
const (
	atNode   kind = iota // the packet arrives at the node
	leaves               // it leaves the node
	spooled              // it is put into the spool of its client
	atClient             // it arrives at its client
	pulled               // its client looks for it
	expired              // the request in ref was not answered in time
	toggled              // the client in src goes online or offline
	copied               // the box in ref reaches the second holder
	partDue              // the part in aux of the post in ref should be acknowledged by now
	loopDue              // the mix's loop in ref should be back by now
)

// class says what a packet is. Nobody on the way can see it.
const (
	message class = iota // to a client, with a post in ref
	ack                  // of a post, to its author
	loop                 // from a client to itself
	drop                 // to a provider that ignores it
	request              // to a provider that answers
	reply                // the answer
	mixLoop              // from a mix to itself
	bundle               // several of the above in one
)
