package backup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/fxamacker/cbor/v2"

	"murmuration/client/fault"
	"murmuration/client/store"
)

var (
	head = Head{Version: 4, Genesis: []byte("genesis"), Name: "Ada", Made: 1_800_000_000}
	pass = []byte("correct horse")
	seal = Seal{pass, 4} // quick: the strength that people get is a constant
)

// kept is a store with records that go into a backup, and one that does not.
func keptStore(t testing.TB) *store.Store {
	s := store.Memory()
	err := s.Update(func(tx *store.Tx) error {
		return errors.Join(
			tx.Put("posts", "a", "one"), tx.Put("posts", "b", "two"),
			tx.Put("photos", "b", bytes.Repeat([]byte("x"), store.MaxRecord-1000)),
			tx.Put("outbox", "", "canary: a position"),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func written(t testing.TB, s *store.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	err := s.View(func(tx *store.Tx) error { return Write(&b, seal, head, tx) })
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBackupHasWhatLasts, and nothing that says where something stands, and shows nothing of it.
func TestBackupHasWhatLasts(t *testing.T) {
	file := written(t, keptStore(t))
	for _, secret := range []string{"one", "two", "Ada", "posts", "canary", "genesis"} {
		if bytes.Contains(file, []byte(secret)) && len(secret) > 3 {
			t.Errorf("the file shows %q", secret)
		}
	}
	r, err := Open(bytes.NewReader(file), pass)
	if err != nil {
		t.Fatal(err)
	}
	want := head
	want.Form = Form
	if fmt.Sprint(r.Head) != fmt.Sprint(want) || r.Head.Time().Year() != 2027 {
		t.Errorf("its head is %+v", r.Head)
	}
	if h := r.Head; h.Old(h.Time().AddDate(0, 0, 59)) || !h.Old(h.Time().AddDate(0, 0, 61)) {
		t.Error("it is old after two months")
	}
	into := store.Memory()
	n := 0
	for record, err := r.Next(); err != io.EOF; record, err = r.Next() {
		if err != nil {
			t.Fatal(err)
		}
		n++
		err = into.Update(func(tx *store.Tx) error {
			return tx.Copy(record.Bucket, record.Name, record.Value)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Next(); n != 3 || err != io.EOF {
		t.Errorf("%d records, then %v", n, err)
	}
	if !bytes.Equal(plainOf(t, written(t, into)), plainOf(t, file)) {
		t.Error("a backup of what was restored is another one")
	}
	s, err := Check(bytes.NewReader(file), pass)
	if err != nil || s.Records["posts"] != 2 || s.Records["photos"] != 1 || len(s.Records) != 2 ||
		s.Bytes < store.MaxRecord/2 {
		t.Errorf("%+v, %v", s.Records, err)
	}
}

// plainOf is what the age tool gets out of a file, in which records are in any order.
func plainOf(t testing.TB, file []byte) []byte {
	t.Helper()
	identity, err := age.NewScryptIdentity(string(pass))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := age.Decrypt(bytes.NewReader(file), identity)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(opened)
	if err != nil {
		t.Fatal(err)
	}
	sum := make([]byte, 256)
	for _, b := range plain {
		sum[b]++
	}
	return append(binary.BigEndian.AppendUint64(nil, uint64(len(plain))), sum...)
}

// sealed makes a backup of frames, as only somebody with the passphrase can.
func sealed(t testing.TB, work int, frames ...any) []byte {
	t.Helper()
	recipient, err := age.NewScryptRecipient(string(pass))
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(work)
	var b bytes.Buffer
	w, err := age.Encrypt(&b, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(framed(t, frames...)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func framed(t testing.TB, frames ...any) []byte {
	var b bytes.Buffer
	for _, f := range frames {
		var err error
		if raw, ok := f.([]byte); ok {
			_, err = b.Write(raw)
		} else {
			err = writeFrame(&b, f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// TestBadBackups are refused with what to do, each for what is wrong with it.
func TestBadBackups(t *testing.T) {
	first, later := head, head
	first.Form, later.Form = Form, Form+1
	one := cbor.RawMessage{0x61, 'x'}
	post, end := frame{Bucket: "posts", Name: "a", Value: one}, frame{End: 2}
	strange := map[int]any{1: Form + 1, 9: "what a later version has"}
	deep := cbor.RawMessage(append(bytes.Repeat([]byte{0x81}, 40), 0))
	noHead := first
	noHead.Version = 0
	longName := first
	longName.Name = strings.Repeat("x", maxName+1)
	for name, c := range map[string]struct {
		frames []any
		want   error
	}{
		"the control":      {[]any{first, post, end}, nil},
		"later":            {[]any{later, post, end}, ErrFuture},
		"strange":          {[]any{strange, post, end}, ErrFuture},
		"nothing":          {nil, ErrDamaged},
		"no head":          {[]any{noHead, end}, ErrDamaged},
		"long name":        {[]any{longName, frame{End: 1}}, ErrDamaged},
		"head alone":       {[]any{first}, ErrDamaged},
		"no end":           {[]any{first, post}, ErrDamaged},
		"one is missing":   {[]any{first, end}, ErrDamaged},
		"one too many":     {[]any{first, post, post, end}, ErrDamaged},
		"more after it":    {[]any{first, post, end, post}, ErrDamaged},
		"an end with more": {[]any{first, post, frame{End: 2, Name: "x"}}, ErrDamaged},
		"another's bucket": {[]any{first, frame{Bucket: "outbox", Value: one}, end}, ErrDamaged},
		"unknown bucket":   {[]any{first, frame{Bucket: "?", Value: one}, end}, ErrDamaged},
		"no value":         {[]any{first, frame{Bucket: "posts"}, end}, ErrDamaged},
		"nested":           {[]any{first, frame{Bucket: "posts", Value: deep}, end}, ErrDamaged},
		"unknown field":    {[]any{first, map[int]any{1: "posts", 3: "x", 7: 1}, end}, ErrDamaged},
		"a huge part":      {[]any{first, []byte{0xff, 0xff, 0xff, 0xff, 1}}, ErrDamaged},
		"no CBOR":          {[]any{first, []byte{0, 0, 0, 2, 0xff, 0xff}}, ErrDamaged},
	} {
		_, err := Check(bytes.NewReader(sealed(t, 4, c.frames...)), pass)
		if !errors.Is(err, c.want) || err != nil && fault.Of(err).Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	costly := bytes.Replace(sealed(t, 4, first, post, end), []byte(" 4\n"), []byte(" 30\n"), 1)
	if _, err := Check(bytes.NewReader(costly), pass); !errors.Is(err, ErrDamaged) {
		t.Errorf("a file that takes hours and gigabytes to open: %v", err)
	}
}

// TestDamagedBackups are cut anywhere, and changed anywhere.
func TestDamagedBackups(t *testing.T) {
	s := store.Memory()
	if err := s.Update(func(tx *store.Tx) error {
		return errors.Join(tx.Put("posts", "a", "one"), tx.Put("posts", "b", "two"))
	}); err != nil {
		t.Fatal(err)
	}
	file := written(t, s)
	if _, err := Check(bytes.NewReader(file), pass); err != nil {
		t.Fatalf("the control: %v", err)
	}
	for at := range file {
		if _, err := Check(bytes.NewReader(file[:at]), pass); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut after %d of %d bytes: %v", at, len(file), err)
		}
		changed := bytes.Clone(file)
		changed[at] ^= 1
		_, err := Check(bytes.NewReader(changed), pass)
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrPassphrase) {
			t.Errorf("byte %d of %d changed: %v", at, len(file), err)
		}
	}
	// Many chunks of age, of which the last is missing.
	long := written(t, keptStore(t))
	if _, err := Check(bytes.NewReader(long[:len(long)*2/3]), pass); !errors.Is(err, ErrDamaged) {
		t.Errorf("a third is missing: %v", err)
	}
}

func TestPassphrases(t *testing.T) {
	file := written(t, keptStore(t))
	for _, wrong := range []string{"", "battery staple"} {
		_, err := Open(bytes.NewReader(file), []byte(wrong))
		if !errors.Is(err, ErrPassphrase) || fault.Of(err).Hint() == "" {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	err := keptStore(t).View(func(tx *store.Tx) error {
		return Write(io.Discard, Seal{}, head, tx)
	})
	if !errors.Is(err, errNone) {
		t.Errorf("a backup that everybody reads: %v", err)
	}
}

// full is a disk that takes so many bytes.
type full int

func (f *full) Write(b []byte) (int, error) {
	if *f -= full(len(b)); *f < 0 {
		return 0, errors.New("no space left")
	}
	return len(b), nil
}

// TestFullDisk: what was not written is not said to be.
func TestFullDisk(t *testing.T) {
	s := keptStore(t)
	for room := full(0); room < 1<<20; room += 200_000 {
		left := room
		err := s.View(func(tx *store.Tx) error { return Write(&left, seal, head, tx) })
		if err == nil {
			t.Errorf("with room for %d bytes it was written", room)
		}
	}
}

// FuzzRead reads foreign content of an age file: nothing panics, and what is taken is no more than
// there was.
func FuzzRead(f *testing.F) {
	first := head
	first.Form = Form
	post := frame{Bucket: "posts", Name: "a", Value: cbor.RawMessage{0x61, 'x'}}
	f.Add(framed(f, first, post, frame{End: 2}))
	f.Add(framed(f, first, frame{End: 1}))
	f.Add(framed(f, first))
	f.Add([]byte{0, 0, 0, 1, 0xf6})
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := read(bytes.NewReader(content))
		for n := 0; err == nil; n++ {
			var record Record
			record, err = r.Next()
			if len(record.Value) > len(content) || n > len(content) {
				t.Fatal("more came out than is in it")
			}
			if err == nil && !Buckets[record.Bucket].Kept {
				t.Fatalf("a record of %q", record.Bucket)
			}
		}
	})
}
