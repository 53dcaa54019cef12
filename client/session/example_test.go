package session_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"murmuration/client/boxstream"
	"murmuration/client/session"
)

// Two devices meet: Ann's puts a card into her door, Ben's answers in his, and each writes to the
// other in a stream of its own. Whoever calls stores the state before a record leaves.
func Example() {
	random, now := rand.NewChaCha8([32]byte{1}), time.Unix(1_800_000_000, 0)
	annStream, _ := boxstream.NewWriter(random)
	benStream, _ := boxstream.NewWriter(random)
	annStart, _ := annStream.Start()
	benStart, _ := benStream.Start()

	ann, card, _ := session.State{}.Knock(random, session.ReasonMeeting, annStart, now)
	ben, answer, _, _ := session.State{}.Answer(random, card, benStart, false, now)
	ann, begun, _ := ann.Answered(answer, false, now)
	fmt.Println("Ann knows Ben's device:", begun.Device == ben.Self)

	root, before := annStart.Before()
	at := session.Place{Root: root, Index: before + 1}
	ann, record, _ := ann.Seal(random, at, 8192, []byte("hello"), nil)
	ben, opened, _ := ben.Open(at, record, now)
	fmt.Printf("Ben reads %q of %d bytes\n", opened.Content, len(record))

	_, _, err := ben.Open(at, record, now)
	fmt.Println("and again:", err)
	by, _ := ben.AnswerBy()
	fmt.Println("Ben's device writes within", by.Sub(now))
	fmt.Println("Ann's knows that record 1 arrived:", ann.Acknowledged() == 1)
	// Output:
	// Ann knows Ben's device: true
	// Ben reads "hello" of 2446 bytes
	// and again: a place that was taken before, or a card that was answered
	// Ben's device writes within 168h0m0s
	// Ann's knows that record 1 arrived: false
}
