package pgstore

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// mostShards bounds the shards of a store: their numbers are a byte in the place of an entry.
const mostShards = 64

// mostMessage bounds a message of a database in bytes: the largest is a bulletin, of 8 MiB and what
// it lists.
const mostMessage = 16 << 20

// address is a shard as the operator names it.
type address struct {
	config *pgconn.Config
	name   string // for people: its hosts and its database, and no password
}

// Check says what is wrong with addresses of shards, for people, without asking anybody.
func Check(shards []string) error {
	_, err := parseAddresses(shards)
	return err
}

func parseAddresses(shards []string) (all []address, err error) {
	if len(shards) == 0 || len(shards) > mostShards {
		return nil, fmt.Errorf("%d databases are named: name 1 to %d", len(shards), mostShards)
	}
	seen := map[string]int{}
	for i, text := range shards {
		a, err := parseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("database %d: %w", i+1, err)
		}
		if other, twice := seen[a.name]; twice {
			return nil, fmt.Errorf("databases %d and %d are the same: %s", other+1, i+1, a.name)
		}
		seen[a.name] = i
		all = append(all, a)
	}
	return all, nil
}

// parseAddress reads the address of one shard. Its connections end on a host that takes writes, ask
// for nothing to be scanned whole, and notice a peer that is gone.
func parseAddress(text string) (a address, err error) {
	if a.config, err = pgconn.ParseConfig(text); err != nil {
		return a, err // without the password
	}
	c := a.config
	hosts := []string{fmt.Sprintf("%s:%d", c.Host, c.Port)}
	err = checkTLS(c.Host, c.TLSConfig)
	for _, f := range c.Fallbacks {
		hosts = append(hosts, fmt.Sprintf("%s:%d", f.Host, f.Port))
		err = errors.Join(err, checkTLS(f.Host, f.TLSConfig))
	}
	if c.ValidateConnect == nil {
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	c.MaxProtocolMessageBodyLen = mostMessage
	for key, value := range session {
		c.RuntimeParams[key] = value
	}
	a.name = strings.Join(dedupe(hosts), ",") + "/" + c.Database
	return a, err
}

// session are the settings of each connection.
var session = map[string]string{
	"application_name":        "murmur",
	"enable_seqscan":          "off", // before the first statistics a scan looks cheap
	"jit":                     "off", // and where there is no index, dear: a compiler would start
	"lock_timeout":            "5s",
	"tcp_keepalives_idle":     "10", // the lock of a machine that is gone must go, too
	"tcp_keepalives_interval": "5",
	"tcp_keepalives_count":    "3",
}

func dedupe(hosts []string) (some []string) {
	for _, h := range hosts {
		if len(some) == 0 || some[len(some)-1] != h {
			some = append(some, h)
		}
	}
	return some
}

var errPlain = errors.New("what is said to it, and its password, would cross the network in the " +
	"clear or to nobody knows whom\n  add sslmode=verify-full and sslrootcert=FILE to its address")

// checkTLS refuses a host of another computer whose certificate would not be verified.
func checkTLS(host string, c *tls.Config) error {
	if strings.HasPrefix(host, "/") || host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	if c == nil || c.InsecureSkipVerify && c.VerifyPeerCertificate == nil &&
		c.VerifyConnection == nil {
		return fmt.Errorf("%s: %w", host, errPlain)
	}
	return nil
}
