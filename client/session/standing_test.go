package session

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRevoking plays what devices say of each other, and looks at whom one writes to.
func TestRevoking(t *testing.T) {
	for script, want := range map[string]string{
		"":               "1 2 3",
		"1-2":            "1 3",   // 1 says that 2 is gone
		"1-2 2!":         "3",     // and 2 objects
		"1-2 2-1":        "3",     // or says the same
		"1-2 2-3":        "3",     // the word of one that is gone is its objection, no more
		"1-2 3-1":        "3",     // a chain of words: the last one holds
		"1-2 3-1 1!":     "",      // and all are in doubt
		"1-2 2! 1=":      "1 3",   // words were compared with 1
		"1-2 2! 2=":      "2 3",   // or with 2
		"1-2 2-1 1= 1-3": "1",     // who was kept may speak again
		"1-2 1-2 1-2":    "1 3",   // three times is once
		"3-2 1-2 2!":     "",      // all who said it are in doubt
		"3-2 1-2 2! 1=":  "1 3",   // and nobody else is, when that is settled
		"1-2 2! 3-2":     "",      // whoever says it later, too
		"2-3 1-2 2! 1=":  "1",     // 3 is gone by the word of one that is erased: it fails closed
		"1-1":            "1 2 3", // nobody is gone by their own word
		"1!":             "1 2 3", // nor in doubt without another's
		"1-2 w":          "1 3",   // for ninety days its objection is heard
		"1-2 2! w":       "3",     // a doubt does not end by itself
	} {
		a := newDevice(t, 1)
		ids, names := map[byte]DeviceID{}, map[DeviceID]string{}
		for i := range byte(3) {
			d := newDevice(t, 10+uint64(i))
			meet(t, a, d, false)
			ids['1'+i], names[d.Self] = d.Self, fmt.Sprint(i+1)
		}
		s := a.State
		for _, word := range strings.Fields(script) {
			switch {
			case word == "w":
				for i := range s.Peers {
					s.Peers[i].Heard = epoch.Add(Patience).Unix() // they all go on
				}
				s, _ = s.Expire(epoch.Add(Patience))
			case word[1] == '-':
				s, _ = s.Revoke(ids[word[2]], ids[word[0]], epoch)
			case word[1] == '!':
				s, _ = s.Object(ids[word[0]], epoch)
			case word[1] == '=':
				s, _ = s.Settle(ids[word[0]])
			}
		}
		var got []string
		for _, to := range s.targets() {
			got = append(got, names[to.device])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v instead of %s", script, got, want)
		}
		_, _, err := s.Seal(a.random, Place{a.root, a.index + 1}, recordSize, nil, nil)
		if (want == "") != (err == ErrNobody) {
			t.Errorf("%q: %v", script, err)
		}
	}
}

// TestRevokedIsHeard: for ninety days, so that it can object.
func TestRevokedIsHeard(t *testing.T) {
	a, b, c := newDevice(t, 1), newDevice(t, 2), newDevice(t, 3)
	meet(t, a, b, false)
	meet(t, a, c, false)
	a.State, _ = a.Revoke(b.Self, c.Self, epoch)
	at, record := b.write(t, "I am here")
	_, o, err := a.Open(at, record, epoch)
	if err != nil || o.Standing != Revoked || o.Device != b.Self {
		t.Error(o.Standing, err)
	}
	card := knockOf(t, b)
	if _, _, _, err := a.Answer(a.random, card, a.startHere(), false, epoch); err != ErrGone {
		t.Error("its card is answered:", err)
	}
	for wait, want := range map[time.Duration]int{Patience - time.Second: 2, Patience: 1} {
		s := a.clone()
		s.peer(c.Self).Heard = epoch.Add(wait).Unix()
		s.peer(b.Self).Heard = epoch.Add(wait).Unix()
		next, gone := s.Expire(epoch.Add(wait))
		if len(next.Peers) != want || len(gone) != 2-want {
			t.Errorf("after %v there are %d", wait, len(next.Peers))
		}
	}
	if s := a.Forget(c.Self); len(s.Peers) != 1 || len(a.Peers) != 2 {
		t.Error("forgotten:", len(s.Peers))
	}
}

func TestOrder(t *testing.T) {
	for _, c := range []struct{ highest, number, want uint64 }{
		{0, 1, 1}, {5, 3, 3}, {5, 1005, 1005}, {5, 1006, 1005}, {5, 1<<64 - 1, 1005},
		{1<<64 - 1, 7, 7},
	} {
		if got := Clamp(c.highest, c.number); got != c.want {
			t.Errorf("%d after %d counts as %d", c.number, c.highest, got)
		}
	}
	a, b, c := Mark{1, DeviceID{9}}, Mark{2, DeviceID{1}}, Mark{2, DeviceID{2}}
	if a.Compare(b) >= 0 || b.Compare(c) >= 0 || c.Compare(a) <= 0 || a.Compare(a) != 0 {
		t.Error("not by number, then by device")
	}
}
