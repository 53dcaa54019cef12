package circle

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"

	"murmuration/client/relation"
	"murmuration/client/store"
)

// thread is what followed on a post.
type thread struct {
	Replies []string `cbor:"1,keyasint,omitempty"` // ids of posts that answer it, as they came
	Mine    string   `cbor:"2,keyasint,omitempty"` // this person's reaction
	Choice  int      `cbor:"3,keyasint,omitempty"` // and vote, from 1 on

	// As the author has counted, at an index of an epoch.
	Emojis []string `cbor:"4,keyasint,omitempty"`
	Counts []int    `cbor:"5,keyasint,omitempty"`
	Votes  []int    `cbor:"6,keyasint,omitempty"`
	Epoch  int      `cbor:"7,keyasint,omitempty"`
	At     uint64   `cbor:"8,keyasint,omitempty"`

	// Final: the poll has closed, and these are its votes.
	Final bool `cbor:"11,keyasint,omitempty"`

	// What the author counts: of an own post.
	Felt []felt    `cbor:"9,keyasint,omitempty"`
	Took [][8]byte `cbor:"10,keyasint,omitempty"` // answers that were published
}

// felt is a member's reaction and vote; the person's own are of no relation.
type felt struct {
	_        struct{} `cbor:",toarray"`
	Relation relation.ID
	Emoji    string
	Choice   int // from 1 on; zero: none
}

func getThread(tx *store.Tx, post string) (h thread, err error) {
	err = tx.Get(bucketThreads, post, &h)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return h, err
}

func (h thread) put(tx *store.Tx, post string) error { return tx.Put(bucketThreads, post, h) }

// answered lists a post with the one that it answers.
func answered(tx *store.Tx, to, id string) error {
	h, err := getThread(tx, to)
	if err != nil || len(h.Replies) >= maxThread || slices.Contains(h.Replies, id) {
		return err
	}
	h.Replies = append(h.Replies, id)
	return h.put(tx, to)
}

// takes says whether an answer is a new one that there is room for, and remembers it.
func (h *thread) takes(content []byte) bool {
	sum := sha256.Sum256(content)
	short := [8]byte(sum[:])
	if len(h.Took) >= maxReplies || slices.Contains(h.Took, short) {
		return false
	}
	h.Took = append(h.Took, short)
	return true
}

// of is what somebody felt, to be changed.
func (h *thread) of(r relation.ID) *felt {
	for i := range h.Felt {
		if h.Felt[i].Relation == r {
			return &h.Felt[i]
		}
	}
	h.Felt = append(h.Felt, felt{Relation: r})
	return &h.Felt[len(h.Felt)-1]
}

// count is what everybody felt, the most frequent first.
func (h *thread) count(options int) {
	counts := map[string]int{}
	h.Votes = make([]int, options)
	for _, f := range h.Felt {
		if f.Emoji != "" {
			counts[f.Emoji]++
		}
		if f.Choice > 0 && f.Choice <= options {
			h.Votes[f.Choice-1]++
		}
	}
	h.Emojis, h.Counts = nil, nil
	for emoji := range counts {
		h.Emojis = append(h.Emojis, emoji)
	}
	slices.SortFunc(h.Emojis, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	h.Emojis = h.Emojis[:min(len(h.Emojis), maxEmojis)]
	for _, emoji := range h.Emojis {
		h.Counts = append(h.Counts, counts[emoji])
	}
}
