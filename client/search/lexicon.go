package search

import (
	"errors"
	"slices"
	"strings"

	"murmuration/client/store"
)

// Limits of the lexicon, which bound what one word writes and what one beginning reads.
const (
	leafBytes = 2000 // of words in a leaf
	rootRunes = 2    // with how many the first leaves are named, and a beginning has at least
	maxDepth  = 10   // runes in the name of the last ones; what does not fit there is not learnt
	maxBegun  = 200  // words of one beginning that are looked for
)

// leaf is words that begin alike; those that do not fit in it are in others, by one rune more.
type leaf struct {
	Words []string `cbor:"1,keyasint"` // sorted
	Next  []string `cbor:"2,keyasint"` // the runes by which there are others, sorted
}

func getLeaf(tx *store.Tx, beginning string) (l leaf, err error) {
	err = tx.Get(bucketLexicon, beginning, &l)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return l, err
}

// put writes a leaf; an empty one is none.
func (l leaf) put(tx *store.Tx, beginning string) error {
	if len(l.Words) == 0 && len(l.Next) == 0 {
		return tx.Delete(bucketLexicon, beginning)
	}
	return tx.Put(bucketLexicon, beginning, l)
}

func (l leaf) size() (n int) {
	for _, w := range l.Words {
		n += len(w)
	}
	return n
}

// add puts s into a sorted list, once.
func add(list []string, s string) []string {
	at, there := slices.BinarySearch(list, s)
	if there {
		return list
	}
	return slices.Insert(list, at, s)
}

// learn lets a word be found by its beginning. A word of one rune is found as a whole only.
func learn(tx *store.Tx, word string) error {
	for n := rootRunes; n <= maxDepth; n++ {
		beginning := head(word, n)
		l, err := getLeaf(tx, beginning)
		if err != nil {
			return err
		}
		if _, there := slices.BinarySearch(l.Words, word); there || head(word, 1) == word {
			return nil
		}
		if l.size()+len(word) <= leafBytes || beginning == word {
			l.Words = add(l.Words, word)
			return l.put(tx, beginning)
		}
		if before := len(l.Next); n < maxDepth {
			if l.Next = add(l.Next, next(word, beginning)); len(l.Next) > before {
				err = l.put(tx, beginning)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unlearn forgets a word, in whichever leaves it is: where one was full once, it may be in a later
// one.
func unlearn(tx *store.Tx, word string) error {
	for n := rootRunes; n <= maxDepth; n++ {
		beginning := head(word, n)
		l, err := getLeaf(tx, beginning)
		if err != nil {
			return err
		}
		if at, there := slices.BinarySearch(l.Words, word); there {
			l.Words = slices.Delete(l.Words, at, at+1)
			err = l.put(tx, beginning)
		}
		_, deeper := slices.BinarySearch(l.Next, next(word, beginning))
		if !deeper || err != nil {
			return err
		}
	}
	return nil
}

// beginningWith are the words that begin so, the word itself first.
func beginningWith(tx *store.Tx, word string) ([]string, error) {
	found := []string{word}
	if head(word, rootRunes-1) == word {
		return found, nil
	}
	err := collect(tx, head(word, rootRunes), word, &found)
	return found, err
}

// collect adds the words of a leaf, and of those behind it, that begin with a word.
func collect(tx *store.Tx, beginning, word string, found *[]string) error {
	l, err := getLeaf(tx, beginning)
	if err != nil {
		return err
	}
	for _, w := range l.Words {
		if strings.HasPrefix(w, word) && w != word && len(*found) < maxBegun {
			*found = append(*found, w)
		}
	}
	for _, r := range l.Next {
		deeper := beginning + r
		if len(*found) < maxBegun &&
			(strings.HasPrefix(deeper, word) || strings.HasPrefix(word, deeper)) {
			if err := collect(tx, deeper, word, found); err != nil {
				return err
			}
		}
	}
	return nil
}
