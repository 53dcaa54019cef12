package purse

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/directory"
	"murmuration/internal/token"
)

// wallet is the tokens of one holder and day. Those before next are given, those from there to
// reserved may be: that they are is on the disk already.
type wallet struct {
	place
	key    directory.TokenKey // the first one that was seen
	size   int                // of the batch, in tokens
	rank   uint64
	tokens []box.Token // none before the answer

	reserved, next int
	given          map[box.ID]int // since the start: which token

	via     directory.NodeID // the own provider, through which it is asked
	batch   *token.Batch     // nil while nothing is to be asked
	request []byte
	due     time.Time // to be asked
	tries   int
	awaits  bool // was asked, and nothing came since
}

// token is the one for a box: the same for the same box.
func (w *wallet) token(id box.ID) (t box.Token, ok bool) {
	at, ok := w.given[id]
	if !ok {
		if w.next >= w.reserved {
			return t, false
		}
		at = w.next
		w.given[id], w.next = at, at+1
	}
	return w.tokens[at], true
}

// ready has the wallet ask from a time on.
func (w *wallet) ready(p *Purse, now time.Time) (err error) {
	w.batch, err = token.NewBatch(p.chance(w), token.PublicKey(w.key), w.size)
	if err != nil {
		return err
	}
	w.request, err = w.batch.Request()
	w.due = now
	return err
}

// derive is a secret of this home about one holder and day.
func (p *Purse) derive(what string, at place, more ...byte) (out [32]byte) {
	mac := hmac.New(sha256.New, p.secret[:])
	mac.Write([]byte("murmuration/purse/v1/" + what))
	mac.Write(p.cfg.Network[:])
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(at.day)))
	mac.Write(at.holder[:])
	mac.Write(more)
	mac.Sum(out[:0])
	return out
}

// chance is what nonces and blinds are drawn from. It is the same each time at one provider, so
// that a question that is asked again, after a crash as well, has the same bytes: a provider passes
// on one for each holder and day. ChaCha8 is a cipher that nobody can predict without the seed.
func (p *Purse) chance(w *wallet) *rand.ChaCha8 {
	return rand.NewChaCha8(p.derive("batch", w.place, append(w.key[:], w.via[:]...)...))
}

// wallet is a new one, without tokens.
func (p *Purse) wallet(at place, key directory.TokenKey, size int) *wallet {
	rank := p.derive("order", at)
	return &wallet{
		place: at, key: key, size: size, rank: binary.BigEndian.Uint64(rank[:]),
		given: map[box.ID]int{},
	}
}

// moment is when in a day the tokens of the next one are asked for, uniform and the holder's own.
func (p *Purse) moment(at place) time.Duration {
	u := p.derive("time", at)
	part := float64(binary.BigEndian.Uint64(u[:])>>11) / (1 << 53)
	return time.Duration(part * float64(24*time.Hour))
}
