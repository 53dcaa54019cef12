package sender_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"murmuration/client/sender"
	"murmuration/internal/box"
	"murmuration/internal/protocol"
)

// hostile is a sender with requests under way, and a down frame that would be good.
func hostile(t *testing.T) (w *network, p *person, good []byte) {
	w = newNetwork(t, 1, testParameters())
	p = w.join(0, 1)
	w.carries = func(s sender.Sent) bool { return good == nil && s.Stream == sender.Loop }
	p.Came = func(frame []byte) bool {
		dummy := binary.BigEndian.Uint64(frame) == 0
		if !dummy && good == nil {
			good = slices.Clone(frame)
		}
		return !dummy
	}
	for good == nil {
		w.run(time.Second)
	}
	p.Came = nil
	return w, p, good
}

func TestHostileFramesAreCountedDrops(t *testing.T) {
	t.Parallel()
	w, p, good := hostile(t)
	before := p.Stats()
	flip := func(i int) []byte {
		b := slices.Clone(good)
		b[i] ^= 1
		return b
	}
	sequence := func(n uint64, f []byte) []byte {
		f[0], f[1] = byte(n>>56), byte(n>>48)
		return f
	}
	for name, c := range map[string]struct {
		frame []byte
		want  error
	}{
		"short":         {good[:len(good)-1], sender.ErrFrame},
		"empty":         {nil, sender.ErrFrame},
		"long":          {append(slices.Clone(good), 0), sender.ErrFrame},
		"reserved":      {flip(30), sender.ErrFrame},
		"dirty dummy":   {append(make([]byte, 8), good[8:]...), sender.ErrFrame},
		"unknown id":    {flip(10), sender.ErrUnknown},
		"changed body":  {flip(protocol.ExchangeOverhead + 500), sender.ErrReply},
		"late sequence": {sequence(1<<63, flip(11)), sender.ErrUnknown},
	} {
		_, q, _ := hostile(t)
		if _, err := q.Receive(w.Now(), c.frame); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, not %v", name, err, c.want)
		}
		r := q.Stats().Refused
		if r.Frame+r.Unknown+r.Reply+r.Sequence != 1 {
			t.Errorf("%s: counted %+v", name, r)
		}
	}
	if _, err := p.Receive(w.Now(), slices.Clone(good)); err != nil ||
		p.Stats().Replies != before.Replies+1 {
		t.Fatalf("the control: %v", err)
	}
	if _, err := p.Receive(w.Now(), slices.Clone(good)); !errors.Is(err, sender.ErrSequence) {
		t.Errorf("the same frame again: %v", err)
	}
	p.Connect(w.Now(), 0)
	if _, err := p.Receive(w.Now(), slices.Clone(good)); !errors.Is(err, sender.ErrUnknown) {
		t.Errorf("the same frame on a new connection: %v", err)
	}
}

// TestWrongAnswersAreRefused lets a holder answer another fetch, with a day, or a fetch as if it
// were a write.
func TestWrongAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*box.Reply){
		"control":     func(*box.Reply) {},
		"another":     func(r *box.Reply) { r.Box.ID[3] ^= 1 },
		"with a day":  func(r *box.Reply) { r.Day++ },
		"other kind":  func(r *box.Reply) { r.Status = box.StatusStored },
		"a full disk": func(r *box.Reply) { r.Status = box.StatusFull },
		"a digest":    func(r *box.Reply) { *r = box.Reply{Status: box.StatusDigest} },
	} {
		w := newNetwork(t, 1, testParameters())
		for _, name := range []string{"p1", "p2", "p3"} {
			w.Node(name).Holder().Lie(func(_ box.Request, honest func() box.Reply) box.Reply {
				reply := honest()
				change(&reply)
				return reply
			})
		}
		p, _ := w.fetcher(1)
		w.run(20 * time.Second)
		st := p.Stats()
		if name == "control" != (st.Refused.Reply == 0) || name == "control" != (st.Replies > 0) {
			t.Errorf("%s: %d taken, %d refused", name, st.Replies, st.Refused.Reply)
		}
	}
}

func FuzzReceive(f *testing.F) {
	var t testing.T
	w, _, good := hostile(&t)
	f.Add(good)
	f.Add(make([]byte, len(good)))
	f.Add(good[:100])
	f.Fuzz(func(t *testing.T, frame []byte) {
		p := w.joinWith(0, sender.Config{Seed: sha256.Sum256(frame)})
		if len(frame) > 8 && len(frame) < len(good) {
			frame = append(slices.Clone(frame), make([]byte, len(good)-len(frame))...)
		}
		e, err := p.Receive(w.Now(), frame)
		if e.Kind != sender.Nothing {
			t.Fatalf("a sender that asked for nothing got %+v, %v", e, err)
		}
	})
}
