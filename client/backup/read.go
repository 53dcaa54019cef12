package backup

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"filippo.io/age"
	"github.com/fxamacker/cbor/v2"
)

// Record is one record of a bucket, encoded as the store keeps it.
type Record struct {
	Bucket, Name string
	Value        []byte
}

// Reader reads a backup.
type Reader struct {
	Head Head

	from io.Reader
	n    uint64
	err  error // io.EOF at the end of a whole one
}

// Open reads the head of a backup. ErrPassphrase, ErrFuture and ErrDamaged say what is wrong.
func Open(from io.Reader, passphrase []byte) (*Reader, error) {
	if len(passphrase) == 0 {
		return nil, ErrPassphrase.With("it is empty")
	}
	identity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, ErrPassphrase.With("%w", err)
	}
	identity.SetMaxWorkFactor(scryptWork)
	opened, err := age.Decrypt(from, identity)
	var wrong *age.NoIdentityMatchError
	if errors.As(err, &wrong) {
		return nil, ErrPassphrase
	}
	if err != nil {
		return nil, damaged(err)
	}
	return read(opened)
}

// read reads what is in the age file.
func read(opened io.Reader) (*Reader, error) {
	r := &Reader{from: bufio.NewReader(opened)}
	var head cbor.RawMessage
	if err := r.frame(&head); err != nil {
		return nil, damaged(err)
	}
	var form struct {
		Form int `cbor:"1,keyasint"`
	}
	// What a later form has beside its number is not to be understood.
	if err := cbor.Unmarshal(head, &form); err == nil && form.Form > Form {
		return nil, ErrFuture.With("it has form %d, and this program reads %d", form.Form, Form)
	}
	if err := decMode.Unmarshal(head, &r.Head); err != nil {
		return nil, damaged(err)
	}
	return r, r.Head.check()
}

// Next is the next record; io.EOF follows the last one of a whole backup, and nothing else does.
func (r *Reader) Next() (Record, error) {
	if r.err != nil {
		return Record{}, r.err
	}
	record, err := r.next()
	r.err = err
	return record, err
}

func (r *Reader) next() (Record, error) {
	var f frame
	if err := r.frame(&f); err != nil {
		return Record{}, damaged(err)
	}
	if f.End != 0 {
		return Record{}, r.end(f)
	}
	if !Buckets[f.Bucket].Kept || len(f.Bucket) > maxBucket || len(f.Value) == 0 {
		return Record{}, ErrDamaged.With("record %d is none that goes into a backup", r.n+1)
	}
	if r.n++; r.n > maxRecords {
		return Record{}, ErrDamaged.With("it has more than %d records", maxRecords)
	}
	return Record{f.Bucket, f.Name, f.Value}, nil
}

// end is io.EOF if f ends the file, and nothing is missing.
func (r *Reader) end(f frame) error {
	if f.End != r.n+1 || f.Bucket != "" || f.Name != "" || f.Value != nil {
		return ErrDamaged.With("%d records are there, and it says %d", r.n, f.End-1)
	}
	if _, err := io.ReadFull(r.from, make([]byte, 1)); err != io.EOF {
		return damaged(errors.Join(errors.New("something follows its end"), err))
	}
	return io.EOF
}

// frame reads one frame; a file that ends before it does is no whole one.
func (r *Reader) frame(v any) error {
	var size [4]byte
	if _, err := io.ReadFull(r.from, size[:]); err != nil {
		return cut(err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxFrame {
		return ErrDamaged.With("a part of it has %d bytes", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.from, b); err != nil {
		return cut(err)
	}
	return decMode.Unmarshal(b, v)
}

func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Summary is what a backup has.
type Summary struct {
	Head    Head
	Records map[string]int // by bucket
	Bytes   int64          // of records
}

// Check reads a backup to its end.
func Check(from io.Reader, passphrase []byte) (Summary, error) {
	r, err := Open(from, passphrase)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Head: r.Head, Records: map[string]int{}}
	for {
		record, err := r.Next()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return Summary{}, err
		}
		s.Records[record.Bucket]++
		s.Bytes += int64(len(record.Value))
	}
}
