package directory

import (
	"net/netip"
	"strings"
)

// Alike says whether somebody who reads in a hurry may take one name for the other: names have
// letters, digits, dots, hyphens and underscores of ASCII alone.
func Alike(a, b string) bool { return look(a) == look(b) }

// look is what such a reader sees: signs first, since two of them may look like one letter.
func look(name string) string {
	return pairs.Replace(signs.Replace(strings.ToLower(name)))
}

var (
	signs = strings.NewReplacer(".", "", "-", "", "_", "", "0", "o", "1", "l", "i", "l", "5", "s")
	pairs = strings.NewReplacer("rn", "m", "vv", "w", "cl", "d")
)

// SameAddr says whether two host:port are one, in whatever spelling.
func SameAddr(a, b string) bool {
	one, err := netip.ParseAddrPort(a)
	other, err2 := netip.ParseAddrPort(b)
	if err == nil && err2 == nil {
		return one.Port() == other.Port() && one.Addr().Unmap() == other.Addr().Unmap()
	}
	return strings.EqualFold(dotless(a), dotless(b))
}

// dotless is an address without the dot that may end a DNS name.
func dotless(addr string) string {
	host, port, _ := strings.Cut(addr, ":")
	return strings.TrimSuffix(host, ".") + ":" + port
}
