// Package search finds what a person has by the words in it: posts, messages, whatever another room
// adds under a reference of its own and removes with what it points at.
//
// A text gets a number. For every word of it there is a page for each thousand numbers that says in
// which of them the word is, so that adding, removing and finding touch a few records however much
// is kept. All of it is records of the store, whose names are keyed hashes: neither a word nor how
// often it is there can be read off the disk.
//
// It is pure. It must not know what a reference points at, and says nothing to the network.
package search

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"murmuration/client/store"
)

// The buckets of the index.
const (
	bucketState   = "search"  // one record: state
	bucketTexts   = "texts"   // text, by number
	bucketNumbers = "numbers" // of a text, by its reference
	bucketWords   = "words"   // page, by word and number
	bucketLexicon = "lexicon" // leaf, by what its words begin with
)

// Limits of a text: what is beyond them is not found, and keeps nothing else from being so. They
// bound what one transaction writes to 1.5 MB, whatever a stranger wrote before.
const (
	maxWords = 1500 // different ones
	maxNew   = 500  // that no text has had before
)

// state counts the texts that there ever were.
type state struct {
	Last uint64 `cbor:"1,keyasint"`
}

// text is what is known of one.
type text struct {
	Ref   string   `cbor:"1,keyasint"`
	Words []string `cbor:"2,keyasint"` // as they were found when it was added
}

func name(number uint64) string { return fmt.Sprintf("%020d", number) }

// Add makes a text be found. One that is there under this reference is replaced.
func Add(tx *store.Tx, ref, what string) error {
	if err := Remove(tx, ref); err != nil {
		return err
	}
	words := Words(what)
	slices.Sort(words)
	words = slices.Compact(words)
	words = words[:min(len(words), maxWords)]
	if len(words) == 0 {
		return nil
	}
	last, err := getState(tx)
	if err != nil {
		return err
	}
	last.Last++
	errs := []error{
		tx.Put(bucketState, "", last), tx.Put(bucketNumbers, ref, last.Last),
		tx.Put(bucketTexts, name(last.Last), text{ref, words}),
	}
	fresh := 0
	for _, word := range words {
		isNew, err := mark(tx, word, last.Last)
		if isNew && fresh < maxNew {
			fresh++
			err = errors.Join(err, learn(tx, word))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Remove makes a text not be found any more, and leaves none of its words behind; one that is not
// there is no error.
func Remove(tx *store.Tx, ref string) error {
	var number uint64
	err := tx.Get(bucketNumbers, ref, &number)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	var t text
	if err == nil {
		err = tx.Get(bucketTexts, name(number), &t)
	}
	if err != nil {
		return err
	}
	last, err := getState(tx)
	errs := []error{err, tx.Delete(bucketNumbers, ref), tx.Delete(bucketTexts, name(number))}
	for _, word := range t.Words {
		gone, err := unmark(tx, word, number, last.Last)
		if gone {
			err = errors.Join(err, unlearn(tx, word))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func getState(tx *store.Tx) (s state, err error) {
	err = tx.Get(bucketState, "", &s)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return s, err
}

// Found is a text that was found.
type Found struct {
	Ref string
	// Number is greater the later it was added; Find goes on below it.
	Number uint64
}

// Find gives the last n texts, added before a number (zero: all), that have all words of a query.
// Its last word may be the beginning of one, if it has two letters or more.
func Find(tx *store.Tx, what string, before uint64, n int) (found []Found, err error) {
	words := Words(what)
	if len(words) == 0 || n < 1 {
		return nil, nil
	}
	last, err := getState(tx)
	if err != nil {
		return nil, err
	}
	if before == 0 || before > last.Last {
		before = last.Last + 1
	}
	q := query{exact: words[:len(words)-1], beginning: words[len(words)-1]}
	if q.begun, err = beginningWith(tx, q.beginning); err != nil {
		return nil, err
	}
	for p := (before - 1) / pageSize; ; p-- {
		set, err := q.matches(tx, p)
		if err != nil {
			return nil, err
		}
		set.below(before, p)
		if found, err = q.texts(tx, set, p, n, found); err != nil || len(found) == n || p == 0 {
			return found, err
		}
	}
}

// query is what is looked for.
type query struct {
	exact     []string // words that all must be there
	beginning string   // of one more
	begun     []string // words that begin so; maxBegun of them are not all
}

// wide says that so many words begin so that the texts themselves are looked at: there are many.
func (q query) wide() bool { return len(q.begun) == maxBegun }

// matches is which numbers of a page have all exact words, and one of those begun.
func (q query) matches(tx *store.Tx, p uint64) (set page, err error) {
	if q.wide() {
		set = full()
	} else if set, err = union(tx, q.begun, p); err != nil {
		return page{}, err
	}
	for _, word := range q.exact {
		if set == (page{}) {
			return set, nil
		}
		one, err := getPage(tx, word, p)
		if err != nil {
			return page{}, err
		}
		set.and(one)
	}
	return set, nil
}

// union is which numbers of a page have one of some words.
func union(tx *store.Tx, words []string, p uint64) (set page, err error) {
	for _, word := range words {
		one, err := getPage(tx, word, p)
		if err != nil {
			return page{}, err
		}
		set.or(one)
	}
	return set, nil
}

// texts adds those of a page to found, the latest first, until it has n.
func (q query) texts(
	tx *store.Tx, set page, p uint64, n int, found []Found,
) ([]Found, error) {
	for i := pageSize - 1; i >= 0 && len(found) < n; i-- {
		if set[i/64]>>(i%64)&1 == 0 {
			continue
		}
		number := p*pageSize + uint64(i)
		var t text
		err := tx.Get(bucketTexts, name(number), &t)
		if errors.Is(err, store.ErrNotFound) && q.wide() {
			continue // a number without a text
		}
		if err != nil {
			return found, fmt.Errorf("reading what was found: %w", err)
		}
		if !q.wide() || t.begins(q.beginning) {
			found = append(found, Found{t.Ref, number})
		}
	}
	return found, nil
}

// begins says whether a word of the text begins so.
func (t text) begins(beginning string) bool {
	at, _ := slices.BinarySearch(t.Words, beginning)
	return at < len(t.Words) && strings.HasPrefix(t.Words[at], beginning)
}
