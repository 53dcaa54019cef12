package purse

// Reason is why an answer was not taken, or a token.
type Reason uint8

// The reasons.
const (
	Unasked  Reason = iota // nothing was asked of that holder for that day, or not since the last
	Repeated               // the tokens are here already
	Unproved               // not made with the holder's published key from what was asked
	Unpaid                 // a holder does not take a token
	reasons
)

func (r Reason) String() string {
	return [...]string{"not asked for", "here already", "without proof", "not taken"}[r]
}

// Counts is how often each of them came, since the start.
func (p *Purse) Counts() (counts map[Reason]uint64) {
	counts = map[Reason]uint64{}
	p.cfg.Exclusive(func() {
		for r, n := range p.counts {
			if n > 0 {
				counts[Reason(r)] = n
			}
		}
	})
	return counts
}
