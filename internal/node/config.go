package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"murmuration/internal/link"
)

// Config is what the operator of a node decides; everything that the wire shows stands in the
// network document instead. Zero values mean the default.
type Config struct {
	// Home is the node's directory, made by CreateHome.
	Home string `toml:"-"`

	// Name is what the documents call the node: at most 40 letters, digits, dots, hyphens and
	// underscores. Empty: a name made from the identity.
	Name string `toml:"name"`

	// Listen is the host:port of the link listener.
	Listen string `toml:"listen"`

	// Address is the host:port that others dial, if it is not Listen (behind a router).
	Address string `toml:"address"`

	// Metrics is the host:port of the listener for Prometheus and health; empty for none. It is
	// loopback unless you have a reason, and without a host (":9201") it is 127.0.0.1: the numbers
	// say how busy the node is.
	Metrics string `toml:"metrics"`

	// PacketsPerEpoch is how many packets the replay set of one epoch takes, at up to 54 bytes of
	// memory and some 20 of disk for each that came. At 80 % the node warns; when it is full the
	// node forwards nothing until the next epoch. Default: 1,000,000, or what can come, if that is
	// more.
	PacketsPerEpoch int `toml:"packets_per_epoch"`

	// MaxHeld is how many packets may be held for their delay at one time; more are dropped.
	// Default 8,192.
	MaxHeld int `toml:"max_held"`

	// Workers is how many processors peel packets. Default: all.
	Workers int `toml:"workers"`

	// MaxConnsPerAddress is how many links one network address may have to this node at a time (one
	// /64 in IPv6). Default 64; without bound if the node listens on this computer alone, where all
	// have one address: behind an onion service, say.
	MaxConnsPerAddress int `toml:"max_conns_per_address"`

	// MaxMbit is how many megabits a second of packets the node takes in at most, and sends about
	// as many; what comes above that is dropped, and counted. It says so in its descriptor, and a
	// mix gets the less of its layer's packets. What providers send each other and clients get
	// besides packets is not in it. 0 is no bound.
	MaxMbit int `toml:"max_mbit"`

	// Family is the operator's name for all of their nodes: no path meets two of them, where there
	// is another one.
	Family string `toml:"family"`

	// Transport opens links; nil is TLS over TCP. Tests use a link.Fabric.
	Transport func(link.Config) (link.Transport, error) `toml:"-"`

	// StateEvery is how often the node says how it is in its home, where nothing is new. Default
	// 10 seconds, which readers of it count on; tests of whole days want it rarer.
	StateEvery time.Duration `toml:"-"`

	// Log takes one line per event that an operator acts on; nil discards.
	Log *slog.Logger `toml:"-"`
}

// Defaults of an operator's choices.
const (
	defaultPacketsPerEpoch = 1_000_000
	defaultMaxHeld         = 8_192
)

// Validate says what is wrong with the configuration, one error per key.
func (c *Config) Validate() error {
	errs := []error{
		checkName("name", c.Name), checkName("family", c.Family),
		checkAddress("listen", c.Listen), checkAddress("address", c.Address),
		checkAddress("metrics", c.Metrics),
	}
	if c.Listen == "" {
		errs = append(errs,
			errors.New(`listen: missing; give host:port, like "127.0.0.1:9101" or "0.0.0.0:9101"`))
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && c.Address == "" &&
		everywhere(host) {
		errs = append(errs,
			fmt.Errorf("address: missing; %q is every address of this computer: give the "+
				"host:port that others dial", c.Listen))
	}
	for _, n := range []struct {
		key   string
		value int
	}{
		{"packets_per_epoch", c.PacketsPerEpoch}, {"max_held", c.MaxHeld}, {"workers", c.Workers},
		{"max_conns_per_address", c.MaxConnsPerAddress}, {"max_mbit", c.MaxMbit},
	} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("%s: %d is negative; leave the key out for the default",
				n.key, n.value))
		}
	}
	return errors.Join(errs...)
}

// maxName is the longest name in a network document, in bytes.
const maxName = 40

// checkName refuses what no authority would take.
func checkName(key, name string) error {
	if len(name) > maxName {
		return fmt.Errorf("%s: %q has %d bytes; at most %d go into the network document", key, name,
			len(name), maxName)
	}
	for _, c := range []byte(name) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && !('0' <= c && c <= '9') && c != '.' && c != '-' && c != '_' {
			return fmt.Errorf("%s: %q: only letters, digits, dot, hyphen and underscore", key, name)
		}
	}
	return nil
}

func checkAddress(key, addr string) error {
	if addr == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf(`%s: %q is not host:port, like "127.0.0.1:9101" or "[::1]:9101"`, key,
			addr)
	}
	return nil
}

// everywhere says that a host stands for every address of the computer, which nobody can dial.
func everywhere(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// WithDefaults fills in what was left out.
func (c Config) WithDefaults() Config {
	if c.PacketsPerEpoch == 0 {
		c.PacketsPerEpoch = defaultPacketsPerEpoch
	}
	if c.MaxHeld == 0 {
		c.MaxHeld = defaultMaxHeld
	}
	if c.Transport == nil {
		c.Transport = func(l link.Config) (link.Transport, error) { return link.NewTLS(l) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Address == "" {
		c.Address = c.Listen
	}
	return c
}
