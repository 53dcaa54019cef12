package message

import (
	"encoding/binary"
	"testing"

	"murmuration/client/session"
	"murmuration/client/store"
)

// TestNobodyHidesWhatOneSays: a contact who fills the place of a number is not kept any more there;
// the person is.
func TestNobodyHidesWhatOneSays(t *testing.T) {
	s := store.Memory()
	put := func(i int, own bool) (kept bool) {
		e := entry{Number: 1, Own: own, Letter: letter{Number: 1, Text: "words"}}
		binary.BigEndian.PutUint32(e.ID[:], uint32(i))
		e.Device = session.DeviceID{byte(i), byte(i >> 8)}
		err := s.Update(func(tx *store.Tx) (err error) {
			kept, err = keep(tx, e)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	for i := range maxLines {
		if !put(i, false) {
			t.Fatalf("only %d were kept", i)
		}
	}
	if put(maxLines, false) || !put(maxLines+1, true) {
		t.Error("a full place takes more of the contact, or nothing of the person")
	}
}
