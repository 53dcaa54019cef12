package connection

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"murmuration/client/fault"
	"murmuration/internal/directory/follow"
	"murmuration/internal/link"
)

// TestWhyNotConnected: a provider that is down, one that takes nobody, one that is full and a
// computer without a way out are told apart.
func TestWhyNotConnected(t *testing.T) {
	dial := func(err error) error { return fmt.Errorf("dialling: %w", err) }
	at := func(errno syscall.Errno) error {
		return dial(fmt.Errorf("%w: %w", link.ErrUnreachable,
			&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)}))
	}
	for name, c := range map[string]struct{ err, want error }{
		"nobody listens":     {at(syscall.ECONNREFUSED), errProviderDown},
		"nobody answers":     {at(syscall.ETIMEDOUT), errProviderDown},
		"no way to the host": {at(syscall.EHOSTUNREACH), errProviderDown},
		"no way out":         {at(syscall.ENETUNREACH), errOffline},
		"no names":           {dial(&net.DNSError{Err: "no such host"}), errOffline},
		"takes nobody":       {dial(link.ErrNotAdmitted), errProviderStarts},
		"full":               {dial(link.ErrFull), errFull},
		"invited only":       {dial(link.ErrUninvited), errUninvited},
	} {
		if got := refusal(c.err); !errors.Is(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestLateIsNotMissing: while an older document is in force, it is not said that there is none.
// History: it was said.
func TestLateIsNotMissing(t *testing.T) {
	for kind, want := range map[follow.Kind]error{
		follow.Late: errLate, follow.Missing: errNoDocument,
	} {
		trouble := follow.Trouble{Kind: kind, Err: errors.New("no such document")}
		if got := faultOf(trouble, time.Now()); !errors.Is(got, want) {
			t.Errorf("%s: %v", trouble, got)
		}
	}
}

// TestPersonChangesTheGuard: at once and for good, and the one before comes second. A name that is
// no provider's changes nothing.
func TestPersonChangesTheGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		s := n.with(0, "p1", "p2")
		c := n.run(s, "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		if err := c.UseGuard(t.Context(), "m1"); !errors.Is(err, errGuard) ||
			fault.Of(err).ExitCode() != int(fault.NotFound) ||
			strings.Count(err.Error(), "provider of this name") != 1 {
			t.Errorf("a mix: %v", err)
		}
		if err := c.UseGuard(t.Context(), "p1"); err != nil || c.begun() != 1 {
			t.Errorf("the one in use: %v, %d senders", err, c.begun())
		}
		for _, next := range []struct{ name, second string }{{"p3", "p1"}, {"p1", "p3"}} {
			if err := c.UseGuard(t.Context(), next.name); err != nil {
				t.Fatal(err)
			}
			await(t, "connection", time.Minute, func() bool {
				now := c.Status()
				return now.Connected && now.Guard.Name == next.name
			})
			if got := kept(t, s).List; len(got) != 2 || got[0].Name != next.name ||
				got[1].Name != next.second || got[0].Seed == got[1].Seed {
				t.Errorf("kept are %+v", got)
			}
		}
		n.end(c)
		early := n.open(home(t), "")
		if err := early.UseGuard(t.Context(), "p1"); !errors.Is(err, errNoGuardYet) {
			t.Errorf("before the first document: %v", err)
		}
	})
}

// TestReplacedChoiceIsSaid: where the provider that the person chose takes nobody new, another one
// is drawn, and the status says so, over a restart too, until the person chooses again.
// History: it stood in one line of the daemon's log, and nowhere else.
func TestReplacedChoiceIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		s := n.with(0, "p1", "p2")
		c := n.run(s, "")
		said := func(c interface{ Status() Status }) bool {
			return slices.ContainsFunc(c.Status().Faults, func(err error) bool {
				return errors.Is(err, errReplaced) && strings.Contains(err.Error(), "p3")
			})
		}
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		if err := c.UseGuard(t.Context(), "p3"); err != nil || said(c) {
			t.Fatalf("chosen: %v, %v", err, c.Status().Faults)
		}
		if err := c.refused(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		other := c.Status().Guard.Name
		if other == "p3" || !said(c) {
			t.Errorf("%s is in use: %v", other, c.Status().Faults)
		}
		n.end(c)
		c = n.run(s, "")
		if !said(c) {
			t.Errorf("after a restart: %v", c.Status().Faults)
		}
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		if err := c.UseGuard(t.Context(), other); err != nil || said(c) {
			t.Errorf("chosen again: %v, %v", err, c.Status().Faults)
		}
		n.end(c)
	})
}

// TestDeadGuardIsChanged: while both guards are dead, a person gets on by naming a third.
func TestDeadGuardIsChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(n.with(0, "p1", "p2"), "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		n.close("p1", "p2")
		<-time.After(time.Minute)
		if s := c.Status(); s.Connected {
			t.Fatal("control: it is connected to a dead guard")
		}
		if err := c.UseGuard(t.Context(), "p3"); err != nil {
			t.Fatal(err)
		}
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		n.end(c)
	})
}

// TestClockOffIsSaid with the amount, however right everything looks, and nothing else follows from
// the provider's word.
func TestClockOffIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		c := n.run(n.with(0, "p1", "p2"), "")
		await(t, "connection", time.Minute, func() bool { return c.Status().Connected })
		if s := c.Status(); len(s.Faults) != 0 {
			t.Fatalf("control: %v", s.Faults)
		}
		for ahead, says := range map[time.Duration]string{
			time.Hour: "1h0m0s behind the provider's", -time.Hour: "1h0m0s ahead of the provider's",
		} {
			now := time.Now()
			c.links.clocks.Hear(link.PublicKey(c.inUse()), now.Add(ahead), now, now)
			if s := c.Status(); len(s.Faults) != 1 || !errors.Is(s.Faults[0], errClockOff) ||
				!strings.Contains(s.Faults[0].Error(), says) || s.Guard.Name != "p1" {
				t.Errorf("the provider's clock is %v ahead: %v", ahead, s.Faults)
			}
		}
		<-time.After(2 * time.Minute)
		if s := c.Status(); !s.Connected || c.begun() != 1 || s.Guard.Name != "p1" {
			t.Errorf("the provider's word changed something: %+v", s)
		}
		n.end(c)
	})
}
