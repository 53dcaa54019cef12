package des

// An event is what happens at one moment: a packet at a node, or something that a
// client meant to do then. It carries the whole packet, so that cover traffic, which
// is most of all events, needs no memory beside the queue. 32 bytes.
type event struct {
	at    int64 // nanoseconds since the start
	src   int32 // client, or node for loops of mixes
	dst   int32 // client, provider for requests and drops, first neighbour of a loop of a mix
	ref   int32 // record of a post, request or bundle; none for cover
	aux   int32 // serial of a request; last neighbour of a loop of a mix; part in a schedule
	node  uint16
	kind  kind
	class class
	hop   uint8
	late  bool // it came while its client was offline
}

// kind says what to do with an event when its time comes.
type kind uint8

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
type class uint8

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
