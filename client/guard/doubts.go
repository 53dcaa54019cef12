package guard

import "murmuration/internal/directory"

// Implementation constants.
const (
	// remembered is for how many epochs an answer counts.
	remembered = 8
	// several is how many providers have to disagree before anything is said.
	several = 3
)

// Saying is what one provider said of the document of an epoch.
type Saying struct {
	Epoch    directory.Epoch
	Provider directory.NodeID
	Differs  bool // from the document at hand
}

// Doubts are what providers said of the network documents of the last epochs. Nobody signs that,
// and any of them can lie: it is counted, and only a majority in which there are three providers is
// shown, as long as it is one. The zero value is ready to use, and nothing of it is kept.
type Doubts struct {
	last    []Saying
	differs uint64
}

// Add takes an answer. One provider has one voice an epoch.
func (d *Doubts) Add(s Saying) {
	if s.Differs {
		d.differs++
	}
	d.last = append(d.last, s)
	d.Forget(s.Epoch)
}

// Forget drops what counts no more in an epoch.
func (d *Doubts) Forget(now directory.Epoch) {
	for len(d.last) > 0 && d.last[0].Epoch+remembered <= now {
		d.last = d.last[1:]
	}
}

// Count is how many answers differed so far.
func (d *Doubts) Count() uint64 { return d.differs }

// Against are the providers that disagree, if they are to be shown.
func (d *Doubts) Against() []directory.NodeID {
	who := map[directory.NodeID]bool{}
	var against []directory.NodeID
	agree := 0
	for _, s := range d.last {
		switch {
		case !s.Differs:
			agree++
		case !who[s.Provider]:
			who[s.Provider] = true
			against = append(against, s.Provider)
		}
	}
	if len(against) < several || len(against) <= agree {
		return nil
	}
	return against
}
