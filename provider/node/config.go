package node

import (
	"errors"
	"fmt"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/box/pgstore"
	"murmuration/internal/directory"
	"murmuration/internal/node"
	"murmuration/provider"
)

// Config is what the operator of a provider decides. Zero values mean the default.
type Config struct {
	node.Config

	// MaxClients is how many people may use this provider, online or not. Default 1,000.
	MaxClients int `toml:"max_clients"`

	// MaxClientsPerBlock is how many of them may come from one block of addresses (an IPv4 /24, an
	// IPv6 /48); this computer is no block. Default: an eighth of MaxClients, at least 16.
	MaxClientsPerBlock int `toml:"max_clients_per_block"`

	// InvitedOnly takes only clients that show an invitation made by `murmur provider invite`.
	InvitedOnly bool `toml:"invited_only"`

	// SpoolPackets is how many replies wait in memory for all clients together, at the size of a
	// packet's body each. A client that is connected has room for its share of them whatever others
	// do. Default: 16 for each of MaxClients.
	SpoolPackets int `toml:"spool_packets"`

	// KeepFreeMiB is the free disk space in MiB below which new boxes are refused; reads,
	// tombstones and what is there already still work. Below a quarter of it nothing is written,
	// and a provider does not start: a full disk would end the process. At least 64, default 1,024.
	KeepFreeMiB int `toml:"keep_free_mib"`

	// Databases keep the boxes and the bulletins; none is Badger in the home's boxes/.
	Databases Databases `toml:"store"`

	// Store keeps them instead of both, if it is not nil.
	Store Store `toml:"-"`
}

// Databases are those of a provider that has outgrown one machine.
type Databases struct {
	// Postgres are the addresses of PostgreSQL databases, each the one for which a cluster of its
	// own answers, that `murmur provider databases` has made. Boxes are spread over them.
	Postgres []string `toml:"postgres"`

	// LimitGiB is how large one of them may become; above it new boxes are refused, and above five
	// quarters of it everything is. Default: no limit but the databases' own disks.
	LimitGiB int `toml:"limit_gib"`
}

// Store is what a provider needs of its box store: boxes, the list of those that the other holders
// do not have yet, what is to be listed, and bulletins.
type Store interface {
	box.Store
	box.Queue
	box.Lister
	box.Archive
	Close() error
}

const (
	defaultMaxClients = 1_000
	mostClients       = 1_000_000 // each of them holds a connection and a spool
	// defaultShare is how many replies a client has room for when all clients are there: one in
	// 1,000 finds more waiting, with the streams of the default network.
	defaultShare = 16
	leastBlock   = 16 // clients of one block that are never too many
	// leastTags of an epoch leave room for what mixes and other providers send.
	leastTags = 1_000_000

	// minKeepFree: a quarter of it, 16 MiB, has room for a batch and for the tables that Badger may
	// be merging then.
	minKeepFree = 64
	// DefaultKeepFree is KeepFreeMiB where the configuration says nothing.
	DefaultKeepFree = 1024

	storeFiles = 128 // that the box store may have open

	perSpool  = 64               // replies that wait for one client
	spoolAge  = 30 * time.Minute // later than this the client has asked again
	spoolIdle = 48 * time.Hour   // a client that stays away longer begins anew
)

// Validate says what is wrong with the configuration, one error per key.
func (c *Config) Validate() error {
	errs := []error{c.Config.Validate()}
	for _, n := range []struct {
		key   string
		value int
	}{
		{"max_clients", c.MaxClients}, {"max_clients_per_block", c.MaxClientsPerBlock},
		{"spool_packets", c.SpoolPackets},
		{"keep_free_mib", c.KeepFreeMiB}, {"store.limit_gib", c.Databases.LimitGiB},
	} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("%s: %d is negative; leave the key out for the default",
				n.key, n.value))
		}
	}
	if c.MaxClients > mostClients {
		errs = append(errs,
			fmt.Errorf("max_clients: %d is more than the %d that one provider can have",
				c.MaxClients, mostClients))
	}
	if c.KeepFreeMiB > 0 && c.KeepFreeMiB < minKeepFree {
		errs = append(errs,
			fmt.Errorf("keep_free_mib: %d is less than the %d that the box store needs to write "+
				"safely", c.KeepFreeMiB, minKeepFree))
	}
	if len(c.Databases.Postgres) > 0 {
		if err := pgstore.Check(c.Databases.Postgres); err != nil {
			errs = append(errs, fmt.Errorf("store.postgres: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Capacity is how many packets a provider of a network takes in one epoch, unless its operator
// decides otherwise.
func Capacity(par directory.Parameters) int { return capacity(defaultMaxClients, par) }

func capacity(clients int, par directory.Parameters) int {
	return max(leastTags, provider.Tags(clients, par))
}

// withDefaults fills in what was left out, for the network that the parameters are of.
func (c Config) withDefaults(par directory.Parameters) Config {
	if c.MaxClients == 0 {
		c.MaxClients = defaultMaxClients
	}
	if c.PacketsPerEpoch == 0 {
		c.PacketsPerEpoch = capacity(c.MaxClients, par)
	}
	c.Config = c.Config.WithDefaults()
	if c.MaxClientsPerBlock == 0 {
		c.MaxClientsPerBlock = max(leastBlock, c.MaxClients/8)
	}
	if c.SpoolPackets == 0 {
		c.SpoolPackets = defaultShare * c.MaxClients
	}
	return c
}

func (c Config) limits() provider.Limits {
	return provider.Limits{
		Packets: c.MaxHeld, Replies: c.MaxHeld, Spools: c.MaxClients, PerSpool: perSpool,
		SpoolAge: spoolAge, SpoolIdle: spoolIdle, SpooledTotal: c.SpoolPackets,
		PerBlock: c.MaxClientsPerBlock,
	}
}

// reserve is the free space below which boxes are refused, in bytes; 0 is the store's default.
func (c Config) reserve() uint64 { return uint64(c.KeepFreeMiB) << 20 }

// conns is how many links the provider takes in: every client twice, since one that comes back may
// replace a connection that is dead, and room for nodes and strangers.
func (c Config) conns() int { return 1024 + 2*c.MaxClients }
