package pgstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Errors of asking a database.
var (
	errTooMuch = errors.New("the database answered more than it was asked for")
	errDoubt   = errors.New("the database may not have copied what it committed to its standby")
)

// mostAnswer bounds what one query may bring, in bytes: what is asked for at a time is less.
const mostAnswer = 64 << 20

// conn is a connection to a database. One goroutine uses it.
type conn struct {
	pg       *pgconn.PgConn
	patience time.Duration
	warning  string // the last one that the database gave
}

// query is one statement of a pipeline, and what came of it. Arguments and results are binary.
type query struct {
	sql  string
	args [][]byte
	most int // rows that may come

	rows [][][]byte
	tag  string
}

func dial(ctx context.Context, a address, patience time.Duration, noSync bool) (*conn, error) {
	c := &conn{patience: patience}
	config := a.config.Copy()
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.SeverityUnlocalized == "WARNING" {
			c.warning = n.Message
		}
	}
	if noSync {
		config.RuntimeParams["synchronous_commit"] = "off"
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	c.pg, err = pgconn.ConnectConfig(ctx, config)
	return c, err
}

// run sends queries in one go and takes what they bring: one round trip. After an error that is not
// refused nothing more can be said on this connection; which of the queries took effect, if they
// were no transaction, is unknown.
func (c *conn) run(ctx context.Context, queries ...*query) error {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	p := c.pg.StartPipeline(ctx)
	for _, q := range queries {
		p.SendQueryParams(q.sql, q.args, nil, inBinary, inBinary)
	}
	err := p.Sync()
	for _, q := range queries {
		if err == nil {
			err = q.take(p)
		}
	}
	if err != nil && !refused(err) {
		cancel() // whatever else it has to say is not read
	}
	return errors.Join(err, p.Close())
}

var inBinary = []int16{1}

// take reads the answer to one query.
func (q *query) take(p *pgconn.Pipeline) error {
	q.rows = nil
	result, err := p.GetResults()
	if err != nil {
		return err
	}
	rows, ok := result.(*pgconn.ResultReader)
	if !ok {
		return errWire
	}
	size := 0
	for rows.NextRow() {
		row := make([][]byte, len(rows.Values()))
		for i, v := range rows.Values() {
			row[i] = bytes.Clone(v)
			size += len(v)
		}
		if len(q.rows) == q.most || size > mostAnswer {
			return errTooMuch
		}
		q.rows = append(q.rows, row)
	}
	tag, err := rows.Close()
	q.tag = tag.String()
	return err
}

// one is the only row of an answer, of so many columns that are not null.
func (q *query) one(columns int) ([][]byte, error) {
	if len(q.rows) != 1 || len(q.rows[0]) != columns {
		return nil, errWire
	}
	for _, v := range q.rows[0] {
		if v == nil {
			return nil, errWire
		}
	}
	return q.rows[0], nil
}

// exec runs one statement that brings nothing.
func (c *conn) exec(ctx context.Context, sql string, args ...[]byte) error {
	return c.run(ctx, &query{sql: sql, args: args})
}

func (c *conn) close() {
	if c != nil && c.pg != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.pg.Close(ctx)
	}
}

// refused says that the database heard, and said no: the transaction is not committed, and the
// connection is sound.
func refused(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.SeverityUnlocalized == "ERROR"
}

// said says whether the database refused with one of these codes.
func said(err error, codes ...string) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	for _, code := range codes {
		if e.Code == code {
			return true
		}
	}
	return false
}

// Codes of what databases refuse.
const (
	diskFull = "53100"
	noTable  = "42P01"
	noSchema = "3F000"
	fenced   = "22012" // division by zero: see fence
)

// errWire is that of a database which does not answer what it was asked.
var errWire = errors.New("the database answered what nobody asked for")

// array is bytea[] in PostgreSQL's binary form: dimensions 4 ‖ has nulls 4 ‖ type of elements 4,
// and if there are any, length 4 ‖ first index 4 and each element behind its length.
func array(elements [][]byte) []byte {
	const bytea = 17
	size := 20
	for _, e := range elements {
		size += 4 + len(e)
	}
	b := make([]byte, 0, size)
	dimensions := uint32(1)
	if len(elements) == 0 {
		dimensions = 0
	}
	b = binary.BigEndian.AppendUint32(b, dimensions)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, bytea)
	if len(elements) == 0 {
		return b
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(elements)))
	b = binary.BigEndian.AppendUint32(b, 1)
	for _, e := range elements {
		b = binary.BigEndian.AppendUint32(b, uint32(len(e)))
		b = append(b, e...)
	}
	return b
}

// bigint is a number of 8 bytes, as PostgreSQL takes it and gives it.
func bigint(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func parseBigint(b []byte) (uint64, error) {
	if len(b) != 8 || b[0] >= 0x80 {
		return 0, errWire
	}
	return binary.BigEndian.Uint64(b), nil
}

// text takes what PostgreSQL calls text, of a length that people's words have.
func text(b []byte) string { return string(b[:min(len(b), 200)]) }
