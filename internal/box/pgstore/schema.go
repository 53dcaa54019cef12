package pgstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// version is that of the tables below.
const version = 1

// tables of a day by the first byte of their keys (package dayform).
var tables = map[byte]string{
	dayform.BoxPrefix: "box", dayform.QueuePrefix: "queue", dayform.UnlistedPrefix: "unlisted",
	dayform.BulletinPrefix: "bulletin", dayform.RecordPrefix: "record",
	dayform.TokenPrefix: "token",
}

// tableOf is the table of the day that has a key.
func (d *day) tableOf(key []byte) string { return d.schema() + "." + tables[key[0]] }

// createStore are the tables of a database, and its one row: whose it is, which of the shards, the
// number of the newest commit, and the process that writes.
var createStore = []string{
	`CREATE SCHEMA murmur`,
	`CREATE TABLE murmur.shard (one boolean PRIMARY KEY DEFAULT true CHECK (one),
		version bigint NOT NULL, proof bytea NOT NULL, number bigint NOT NULL,
		commit bigint NOT NULL, run bytea NOT NULL) WITH (fillfactor = 10)`,
	`CREATE TABLE murmur.day (day bigint PRIMARY KEY, salt bytea NOT NULL, shards bytea NOT NULL)`,
}

// create are the statements that make a day where it is not, and its row.
func (d *day) create() []*query {
	all := []*query{{sql: "CREATE SCHEMA IF NOT EXISTS " + d.schema()}}
	for _, table := range tables {
		all = append(all, &query{sql: fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s.%s "+
			"(k bytea PRIMARY KEY, v bytea NOT NULL)", d.schema(), table)},
			// sealed bytes cannot be compressed, and it would be tried
			&query{sql: fmt.Sprintf("ALTER TABLE %s.%s ALTER v SET STORAGE EXTERNAL",
				d.schema(), table)})
	}
	return append(all, &query{sql: `INSERT INTO murmur.day (day, salt, shards)
		VALUES ($1::bigint, $2::bytea, $3::bytea) ON CONFLICT DO NOTHING`,
		args: [][]byte{bigint(uint64(d.number)), d.salt, d.shards}})
}

// shardRow is what a database says of itself.
type shardRow struct {
	proof, run     []byte
	number, commit uint64
	days           []dayRow
}

type dayRow struct {
	number box.Day
	salt   []byte
	shards []uint8
}

// Errors of databases that are not what Create made.
var (
	errEmpty = errors.New("there is no box store in it\n  make one with `murmur provider " +
		"databases`; if there was one, its boxes are gone, and it had promised to keep them")
	errOther = errors.New("it has the box store of another provider\n  give each provider " +
		"databases of its own")
)

// mostDays bounds the days that a database may name.
const mostDays = 1 << 12

// readShard reads what a database says of itself.
func readShard(ctx context.Context, c *conn, key secret) (r shardRow, err error) {
	about := &query{sql: `SELECT version, proof, number, commit, run FROM murmur.shard`, most: 1}
	days := &query{sql: `SELECT day, salt, shards FROM murmur.day ORDER BY day`, most: mostDays}
	if err := c.run(ctx, about, days); err != nil {
		if said(err, noTable, noSchema) {
			return r, errEmpty
		}
		return r, err
	}
	row, err := about.one(5)
	if err != nil {
		return r, err
	}
	made, err := parseBigint(row[0])
	if err != nil || made != version {
		return r, fmt.Errorf("its box store has version %d, and this program knows %d\n  use the "+
			"version of murmur that made it", made, version)
	}
	if r.proof = row[1]; !bytes.Equal(r.proof, key.proof()) {
		return r, errOther
	}
	number, err1 := parseBigint(row[2])
	commit, err2 := parseBigint(row[3])
	r.number, r.commit, r.run = number, commit, row[4]
	if errors.Join(err1, err2) != nil || number >= mostShards {
		return r, errWire
	}
	for _, row := range days.rows {
		d, err := parseDay(row)
		if err != nil {
			return r, err
		}
		r.days = append(r.days, d)
	}
	return r, nil
}

// parseDay reads a row of the days.
func parseDay(row [][]byte) (d dayRow, err error) {
	if len(row) != 3 {
		return d, errWire
	}
	n, err := parseBigint(row[0])
	if err != nil || n > 1<<16-1 || len(row[1]) != 32 || len(row[2]) == 0 ||
		len(row[2]) > mostShards {
		return d, errWire
	}
	for i, shard := range row[2] {
		if shard >= mostShards || i > 0 && shard <= row[2][i-1] {
			return d, errWire
		}
	}
	return dayRow{box.Day(n), row[1], row[2]}, nil
}

// Create makes the tables in every database where there are none, and the secret if there is none:
// for a new provider, and again when a database is added. It changes nothing that is there.
func Create(ctx context.Context, opts Options) (made int, err error) {
	opts = opts.withDefaults()
	addresses, err := parseAddresses(opts.Shards)
	if err != nil {
		return 0, err
	}
	key, err := makeSecret(opts.KeyFile)
	if err != nil {
		return 0, err
	}
	var fresh []*conn
	var numbers []uint64
	for _, a := range addresses {
		c, err := dial(ctx, a, opts.Patience, false)
		defer c.close()
		if err == nil {
			err = checkServer(ctx, c, nil)
		}
		var row shardRow
		if err == nil {
			row, err = readShard(ctx, c, key)
		}
		switch {
		case errors.Is(err, errEmpty):
			fresh = append(fresh, c)
		case err != nil:
			return made, fmt.Errorf("%s: %w", a.name, err)
		default:
			numbers = append(numbers, row.number)
		}
	}
	for _, c := range fresh {
		number := uint64(0)
		for slices.Contains(numbers, number) {
			number++
		}
		if err := c.makeShard(ctx, key, number); err != nil {
			return made, fmt.Errorf("making a box store in a database: %w", err)
		}
		numbers, made = append(numbers, number), made+1
	}
	return made, nil
}

// makeShard makes the tables of a shard.
func (c *conn) makeShard(ctx context.Context, key secret, number uint64) error {
	all := []*query{{sql: "BEGIN"}}
	for _, sql := range createStore {
		all = append(all, &query{sql: sql})
	}
	all = append(all, &query{sql: `INSERT INTO murmur.shard (version, proof, number, commit, run)
		VALUES ($1::bigint, $2::bytea, $3::bigint, 0, '')`,
		args: [][]byte{bigint(version), key.proof(), bigint(number)}}, &query{sql: "COMMIT"})
	return c.run(ctx, all...)
}
