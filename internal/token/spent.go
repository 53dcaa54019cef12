package token

// Till is where a holder takes tokens for one day: its key, and which were spent on what. It lives
// as long as the day is kept.
type Till struct {
	key   *Key
	spent map[nonce][32]byte // the box that was written
}

type nonce [nonceSize]byte

// Verdict is what a till says to a token.
type Verdict uint8

// The verdicts.
const (
	Bad    Verdict = iota // not of this key
	Fresh                 // good, and spent from now on
	Repeat                // spent on the same box before: a retransmission
	Spent                 // spent on another box
)

// NewTill takes tokens of a key.
func NewTill(key *Key) *Till { return &Till{key: key, spent: map[nonce][32]byte{}} }

// Take spends a token on a box. What is Fresh must be durable before the write is acknowledged, and
// is told to Restore after a restart.
func (t *Till) Take(token Token, box [32]byte) Verdict {
	if on, ok := t.spent[nonce(token[:nonceSize])]; ok && t.key.Good(token) {
		if on == box {
			return Repeat
		}
		return Spent
	}
	if !t.key.Good(token) {
		return Bad
	}
	t.Restore(token, box)
	return Fresh
}

// Restore notes that a token was spent on a box before.
func (t *Till) Restore(token Token, box [32]byte) {
	t.spent[nonce(token[:nonceSize])] = box
}

// Undo gives a token back whose write was not done.
func (t *Till) Undo(token Token) { delete(t.spent, nonce(token[:nonceSize])) }

// Len is how many tokens were spent.
func (t *Till) Len() int { return len(t.spent) }
