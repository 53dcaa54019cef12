package sender

import (
	"strings"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Window is when something is expected to be done: half of the time by Typical, nearly always by
// Late.
type Window struct {
	Typical time.Duration
	Late    time.Duration
}

func (w Window) String() string { return "in " + round(w.Typical) + " to " + round(w.Late) }

// round drops what nobody wants to know about an expectation.
func round(d time.Duration) string {
	for _, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		if d >= 10*unit {
			return short(d.Round(unit))
		}
	}
	return short(d.Round(100 * time.Millisecond))
}

// short is Duration.String without units that are zero.
func short(d time.Duration) string {
	s := d.String()
	s = strings.Replace(s, "m0s", "m", 1)
	return strings.Replace(s, "h0m", "h", 1)
}

// RoundTrip is the mean time of one request and its reply: a hop delay at each of the 2·Layers+3
// hops (five and four with three layers), the provider's allowance, and the wait for an exchange.
func RoundTrip(p directory.Parameters) time.Duration {
	return time.Duration(p.Hops())*p.MeanHopDelay + p.ReplyAllowance + exchangeWait(p)
}

// exchangeWait is the mean wait of a spooled reply, 1/λD: arrivals λP+λL, service λP+λL+λD.
func exchangeWait(p directory.Parameters) time.Duration { return p.DropEvery }

// Expect is the window in which n requests, the last of them behind all others that wait, are
// answered. Late allows twice the mean time of the slots and one lost packet.
func Expect(p directory.Parameters, n int) Window {
	slots := time.Duration(n) * 2 * writeGap(p) // before one may leave, and until there is a slot
	return Window{
		Typical: slots + RoundTrip(p),
		Late:    2*slots + 2*RoundTrip(p) + time.Duration(spoolWaits)*exchangeWait(p),
	}
}

// ExpectSlow is Expect for requests that travel longer, as their answers do: each waits for a time
// more at one mix, of a mean, and of a longest.
func ExpectSlow(p directory.Parameters, n int) Window {
	w := Expect(p, n)
	w.Typical += 2 * p.SlowDelay
	w.Late += 2 * protocol.SlowCap * p.SlowDelay
	return w
}
