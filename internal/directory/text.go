package directory

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of the texts that strangers write and operators read, in bytes.
const (
	maxName    = 40
	maxAddr    = 261 // 253 of a DNS name, brackets, colon, five digits
	maxContact = 200
)

// checkName takes letters, digits, dot, hyphen, underscore: nothing that a terminal or a file
// system could take for something else.
func checkName(what, s string) error {
	if s == "" || len(s) > maxName {
		return fmt.Errorf("%s %.60q: want 1 to %d characters", what, s, maxName)
	}
	for _, c := range []byte(s) {
		if !isHostByte(c) && c != '_' {
			return fmt.Errorf("%s %q: only letters, digits, dot, hyphen and underscore", what, s)
		}
	}
	return nil
}

// checkContact takes one line of printable text.
func checkContact(s string) error {
	if len(s) > maxContact || !utf8.ValidString(s) {
		return fmt.Errorf("contact: want at most %d bytes of UTF-8", maxContact)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("contact %q: only printable characters", s)
		}
	}
	return nil
}

// checkAddr takes host:port with a DNS name, an IPv4 address or an IPv6 address in brackets.
func checkAddr(s string) error {
	i := strings.LastIndexByte(s, ':')
	if i < 1 || len(s) > maxAddr {
		return fmt.Errorf("address %.60q: want host:port", s)
	}
	host, port := s[:i], s[i+1:]
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 ||
		strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("address %q: want a port from 1 to 65535", s)
	}
	allowed := isHostByte
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host, allowed = host[1:len(host)-1], isIPv6Byte
	}
	if host == "" || strings.ContainsFunc(host,
		func(r rune) bool { return r > 127 || !allowed(byte(r)) }) {
		return fmt.Errorf("address %q: want a name, an IPv4 address, or an IPv6 address in "+
			"brackets", s)
	}
	return nil
}

func isHostByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' ||
		c == '-'
}

func isIPv6Byte(c byte) bool {
	return c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c >= '0' && c <= '9' || c == ':' ||
		c == '.'
}
