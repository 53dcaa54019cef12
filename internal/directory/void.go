package directory

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"murmuration/internal/protocol"
)

// ErrVoid refuses a document that was signed ahead of its time: one at hand says that it never
// serves.
var ErrVoid = errors.New("network document that was signed ahead of its time, and is void")

// mostVoid is how many documents another one can say never serve.
const mostVoid = 64

// over says that what a document of epoch e says of another one need not be said any more: that
// one's epochs have passed.
func (v Voided) over(e Epoch) bool { return v.Epoch < e && e-v.Epoch >= protocol.Validity }

func (v Voided) compare(o Voided) int { return cmp.Compare(v.Epoch, o.Epoch) }

// checkVoid is for what a document or a vote of epoch e says of others.
func checkVoid(e Epoch, list []Voided) error {
	if len(list) > mostVoid {
		return fmt.Errorf("%d void documents, at most %d", len(list), mostVoid)
	}
	for i, v := range list {
		if i > 0 && list[i-1].Epoch >= v.Epoch || v.Epoch == e || v.over(e) {
			return fmt.Errorf("void document of epoch %d is there twice, out of order, or no "+
				"other that could serve", v.Epoch)
		}
	}
	return nil
}

// voids says whether d has a document of that epoch and digest never serve.
func (d *Document) voids(e Epoch, digest Digest) bool {
	return slices.Contains(d.Void, Voided{e, digest})
}

// restarts says that d follows nothing but what it voids itself: what was before that was lost
// while clocks were ahead.
func (d *Document) restarts() bool {
	return slices.ContainsFunc(d.Void, func(v Voided) bool { return v.Digest == d.Previous })
}

// void is what the document of epoch e says of others: what the one before it said, as long as it
// matters, and what more than half of the votes say.
func (o *Outcome) void(previous *Document, e Epoch, votes []*Vote) (list []Voided) {
	count := map[Voided]int{}
	for _, v := range votes {
		for _, one := range v.Void {
			count[one]++
		}
	}
	for one, n := range count {
		if 2*n > len(votes) {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, Voided.compare)
	for _, one := range list {
		o.note("the document of epoch %d was signed ahead of its time, and is void", one.Epoch)
	}
	if previous != nil {
		for _, one := range previous.Void {
			if one.Epoch != e && !one.over(e) && !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
	}
	slices.SortFunc(list, Voided.compare)
	return list[:min(len(list), mostVoid)]
}
