package directory

// Do is what an Authority asks of its driver.
type Do uint8

// The things to do. A driver handles every one of them.
const (
	DoNothing Do = iota // until Next
	DoVote              // send Action.Relay to every other authority
	// write Action.Record, fsync, then call Persisted; stop if it can not be written
	DoPersist
	DoEndorse // send Action.Endorsement to every other authority
	DoPublish // serve Action.Document to everybody
	// tell the operator Action.Err and Action.Notes: there is no document, the network may run out
	DoReport
)

func (d Do) String() string {
	return [...]string{"nothing", "vote", "persist", "endorse", "publish",
		"report"}[min(d, DoReport)]
}

// Action is one thing to do; only the fields that Do names are set, and Notes beside any.
type Action struct {
	Do          Do
	Relay       *Relay
	Record      *Record
	Endorsement *Endorsement
	Document    *Document
	Err         error
	Epoch       Epoch    // that has no document, with Err
	Notes       []string // of the tally, for operators
}
