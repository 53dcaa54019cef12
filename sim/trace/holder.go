package trace

// HolderDay is one day as a provider sees it that keeps a box of a known feed and is the
// first provider of some clients too: when the feed's box was polled, by whom it cannot
// tell, and when its own clients were online.
type HolderDay struct {
	Length   int64   // of the day, nanoseconds
	Polls    []int64 // nanoseconds since the day's start, rising
	Sessions []Session
}

// Session is a time online within one day, in nanoseconds since the day's start.
type Session struct {
	Client   int32
	From, To int64
}
