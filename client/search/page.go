package search

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"murmuration/client/store"
)

// pageSize is how many numbers a page is about.
const pageSize = 1024

// page says in which texts of a page's numbers a word is, a bit for each.
type page [pageSize / 64]uint64

// few is up to how many bits a page is written as their places, two bytes each: above it the bits
// themselves are shorter.
const few = pageSize/8/2 - 1

func pageName(word string, p uint64) string { return fmt.Sprintf("%s/%d", word, p) }

func (s *page) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func full() (s page) {
	for i := range s {
		s[i] = math.MaxUint64
	}
	return s
}

func (s *page) or(other page) {
	for i := range s {
		s[i] |= other[i]
	}
}

func (s *page) and(other page) {
	for i := range s {
		s[i] &= other[i]
	}
}

// below leaves out what is not below a number.
func (s *page) below(number, p uint64) {
	for i := range uint64(pageSize) {
		if p*pageSize+i >= number {
			s[i/64] &^= 1 << (i % 64)
		}
	}
}

func (s *page) marshal() []byte {
	var b []byte
	if s.count() > few {
		for _, w := range s {
			b = binary.BigEndian.AppendUint64(b, w)
		}
		return b
	}
	for i := range uint16(pageSize) {
		if s[i/64]>>(i%64)&1 == 1 {
			b = binary.BigEndian.AppendUint16(b, i)
		}
	}
	return b
}

func (s *page) unmarshal(b []byte) error {
	switch {
	case len(b) == pageSize/8:
		for i := range s {
			s[i] = binary.BigEndian.Uint64(b[8*i:])
		}
	case len(b) > 2*few || len(b)%2 != 0:
		return store.ErrForeign.With("a page of %d bytes", len(b))
	default:
		for ; len(b) > 0; b = b[2:] {
			i := binary.BigEndian.Uint16(b)
			if i >= pageSize {
				return store.ErrForeign.With("place %d of a page", i)
			}
			s[i/64] |= 1 << (i % 64)
		}
	}
	return nil
}

// getPage is empty if there is none.
func getPage(tx *store.Tx, word string, p uint64) (s page, err error) {
	var b []byte
	err = tx.Get(bucketWords, pageName(word, p), &b)
	if errors.Is(err, store.ErrNotFound) {
		return s, nil
	}
	if err == nil {
		err = s.unmarshal(b)
	}
	return s, err
}

// mark notes that a word is in a text, and says whether it may be in no other one.
func mark(tx *store.Tx, word string, number uint64) (isNew bool, err error) {
	p := number / pageSize
	s, err := getPage(tx, word, p)
	if err != nil {
		return false, err
	}
	isNew = s == page{}
	s[number%pageSize/64] |= 1 << (number % 64)
	return isNew, tx.Put(bucketWords, pageName(word, p), s.marshal())
}

// unmark takes that back, and says whether the word is in no text any more.
func unmark(tx *store.Tx, word string, number, last uint64) (gone bool, err error) {
	p := number / pageSize
	s, err := getPage(tx, word, p)
	if err != nil {
		return false, err
	}
	s[number%pageSize/64] &^= 1 << (number % 64)
	if s != (page{}) {
		return false, tx.Put(bucketWords, pageName(word, p), s.marshal())
	}
	if err := tx.Delete(bucketWords, pageName(word, p)); err != nil {
		return false, err
	}
	for other := range last/pageSize + 1 {
		there, err := tx.Has(bucketWords, pageName(word, other))
		if there || err != nil {
			return false, err
		}
	}
	return true, nil
}
