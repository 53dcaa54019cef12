package person

// Event is something that whoever looks on is shown at once, and may be called for. It is shown and
// forgotten: what lasts of it a part keeps in its buckets.
type Event struct {
	Kind EventKind
	// by which commands name it: of a post, a message, an entry of the outbox; or an alias
	ID   string
	From string // whom it is from: a petname, or a claimed name in quotes; empty: nobody else
	Text string // its first words, or what happened, in one line
}

// EventKind is what an event is about. Its text is in the API.
type EventKind string

// The kinds of events.
const (
	EventPost    EventKind = "post"    // a post of somebody else came
	EventMessage EventKind = "message" // a message of a contact came
	EventRequest EventKind = "request" // somebody waits for an answer: a claim, an introduction
	EventContact EventKind = "contact" // a line about a contact: a device came, words to compare
	EventOutbox  EventKind = "outbox"  // something of one's own is kept, or expired
	EventApp     EventKind = "app"     // an app has something to show
	EventNotice  EventKind = "notice"  // what somebody should be told, see Notice
)

// MaxEvents bounds those that wait for Events; a driver asks after everything that it lets happen.
const MaxEvents = 1000

// Show lets those who look on know. What happened in a transaction is shown After it.
func (a *Access) Show(e Event) { a.person.show(e) }

func (p *Person) show(e Event) {
	if len(p.events) < MaxEvents {
		p.events = append(p.events, e)
	}
}

// Events are those since the last call, the oldest first.
func (p *Person) Events() []Event {
	shown := p.events
	p.events = nil
	return shown
}
