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
func Find(tx *store.Tx, query string, before uint64, n int) (found []Found, err error) {
	words := Words(query)
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
	exact := words[:len(words)-1]
	begun, err := beginningWith(tx, words[len(words)-1])
	if err != nil {
		return nil, err
	}
	for p := (before - 1) / pageSize; ; p-- {
		set, err := matches(tx, exact, begun, p)
		if err != nil {
			return nil, err
		}
		set.below(before, p)
		if found, err = set.texts(tx, p, n, found); err != nil || len(found) == n || p == 0 {
			return found, err
		}
	}
}

// matches is which numbers of a page have all exact words, and one of those begun.
func matches(tx *store.Tx, exact, begun []string, p uint64) (set page, err error) {
	for _, word := range begun {
		one, err := getPage(tx, word, p)
		if err != nil {
			return page{}, err
		}
		set.or(one)
	}
	for _, word := range exact {
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
