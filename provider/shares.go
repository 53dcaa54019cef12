package provider

import "murmuration/internal/box"

// shares is how many batches of tokens newcomers have asked for, of each holder and day. There is
// an end to what a holder gives one provider, and keys cost nothing: keys that come and go could
// use up all of it. So half of it is for those who have been here for long, and of the other half
// no block of addresses gets more than it leaves.
type shares map[askedOf]*share

type share struct {
	all int
	of  map[Block]int
}

// take counts one more for a newcomer from a block, if the block has not had as many as are left
// for everybody. Where a block says nothing it has no share.
func (s shares) take(today box.Day, of askedOf, block Block, most int) bool {
	for old := range s {
		if old.day < today {
			delete(s, old)
		}
	}
	one := s[of]
	if one == nil {
		one = &share{of: map[Block]int{}}
		s[of] = one
	}
	left := most/2 - one.all
	if left <= 0 || block != "" && one.of[block] >= left {
		return false
	}
	one.of[block]++
	one.all++
	return true
}
