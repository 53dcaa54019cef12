package trace

// Coalition is what the first providers of clients and the holders of boxes see together, who also
// follow some feeds and so know which boxes are theirs. Times are nanoseconds since the start.
type Coalition struct {
	Frames  [][]int64 // of each client, when it sent each frame
	Replies [][]int64 // of each client, when each reply came into its spool
	Online  [][]Stay  // of each client; empty if it was always there
	Boxes   []SeenBox
}

// Stay is a time online, in nanoseconds since the start.
type Stay struct{ From, To int64 }

// SeenBox is what holders see of one box of a feed: who asked they do not see.
type SeenBox struct {
	Listed  int64 // when all could read of it; never written is Unlisted
	Writes  []Handled
	Fetches []Handled
}

// Unlisted is later than any listing.
const Unlisted = 1<<62 - 1

// Handled is a request at a holder.
type Handled struct {
	At   int64 // when it came
	Left int64 // when its reply left
}

// BoxTruth is whose a box is; of a Coalition's Boxes in their order.
type BoxTruth struct {
	Author  int32
	Readers []int32 // who fetch it because they follow its feed
	Part    uint8   // of a post's boxes, from zero
	// Target is the client from whom its bulletin was kept until Shown; -1 if from none.
	Target int32
	Shown  int64
	Bait   bool // nobody wrote it
}
