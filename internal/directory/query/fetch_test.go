package query

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"

	"murmuration/internal/directory"
)

// pipe is one end of a connection in memory; closing either end ends both.
type pipe struct {
	in, out chan [FrameSize]byte
	done    chan struct{}
	once    *sync.Once
}

func (p *pipe) close() { p.once.Do(func() { close(p.done) }) }

func newPipe() (a, b *pipe) {
	up, down, done := make(chan [FrameSize]byte), make(chan [FrameSize]byte), make(chan struct{})
	once := new(sync.Once)
	return &pipe{up, down, done, once}, &pipe{down, up, done, once}
}

func (p *pipe) Send(frames ...[]byte) error {
	for _, f := range frames {
		select {
		case p.out <- [FrameSize]byte(f):
		case <-p.done:
			return io.ErrClosedPipe
		}
	}
	return nil
}

func (p *pipe) Receive(frame []byte) error {
	select {
	case f := <-p.in:
		copy(frame, f[:])
		return nil
	case <-p.done:
		return io.EOF
	}
}

// library is a library with one document.
type library struct {
	epoch  directory.Epoch
	whole  []byte
	refuse error
	taken  []byte
}

func (s *library) Document(e directory.Epoch) ([]byte, bool) {
	return s.whole, e == s.epoch && s.whole != nil
}
func (s *library) Latest() (directory.Epoch, []byte, bool) {
	return s.epoch, s.whole,
		s.whole != nil
}
func (s *library) Submit(b []byte) error {
	s.taken = bytes.Clone(b)
	return s.refuse
}

// converse runs call against Serve and returns the error with which the server ended.
func converse(from Library, call func(Conn)) error {
	client, server := newPipe()
	ended := make(chan error, 1)
	go func() { // ends with the connection
		err := Serve(server, from)
		server.close()
		ended <- err
	}()
	call(client)
	client.close()
	return <-ended
}

func TestFetch(t *testing.T) {
	for _, whole := range [][]byte{bytes.Repeat([]byte("a document"), 500),
		bytes.Repeat([]byte{7}, pieceSize), bytes.Repeat([]byte{7},
			2*pieceSize), bytes.Repeat([]byte{7}, 2*pieceSize+1), {1}} {
		for _, e := range []directory.Epoch{7, directory.Latest} {
			_ = converse(&library{epoch: 7, whole: whole}, func(conn Conn) {
				got, err := Fetch(conn, e)
				if err != nil || !bytes.Equal(got, whole) {
					t.Errorf("%d bytes of epoch %d: got %d, %v", len(whole), e, len(got), err)
				}
				if _, err := Fetch(conn, 8); !errors.Is(err, directory.ErrNoDocument) {
					t.Errorf("a document that is not there: %v", err)
				}
			})
		}
	}
	_ = converse(&library{}, func(conn Conn) {
		if _, err := Fetch(conn, directory.Latest); !errors.Is(err, directory.ErrNoDocument) {
			t.Errorf("from an empty library: %v", err)
		}
	})
}

func TestSubmit(t *testing.T) {
	for _, size := range []int{1, pieceSize, pieceSize + 1, directory.MaxDescriptor} {
		b := bytes.Repeat([]byte{9}, size)
		for _, c := range []struct{ refuse, want error }{
			{nil, nil},
			{fmt.Errorf("descriptor of x: %w", directory.RefusedNotAdmitted),
				directory.RefusedNotAdmitted},
			{errors.New("disk full on /dev/sda1"), directory.RefusedLater},
		} {
			s := &library{refuse: c.refuse}
			_ = converse(s, func(conn Conn) {
				for range 2 {
					if err := Submit(conn, b); !errors.Is(err, c.want) || !bytes.Equal(s.taken, b) {
						t.Errorf("%d bytes: %v, %d taken", size, err, len(s.taken))
					}
				}
			})
		}
	}
	for _, size := range []int{0, directory.MaxDescriptor + 1} {
		if err := Submit(nil, make([]byte, size)); err == nil {
			t.Errorf("%d bytes are sent", size)
		}
	}
}

// The client refuses answers that do not fit its question, however they lie.
func TestFetchRefusesLies(t *testing.T) {
	full := make([]byte, pieceSize)
	full[0] = 1
	cases := map[string][]frame{
		"other epoch":       {{op: opPiece, epoch: 8, pieces: 1, data: full}},
		"other piece first": {{op: opPiece, epoch: 7, piece: 1, pieces: 2, data: full}},
		"too many pieces": {{op: opPiece, epoch: 7, pieces: countPieces(directory.MaxDocument) +
			1, data: full}},
		"short piece": {{op: opPiece, epoch: 7, pieces: 2, data: full[:9]}},
		"other epoch next": {{op: opPiece, epoch: 7, pieces: 2, data: full},
			{op: opPiece, epoch: 8, piece: 1, pieces: 2, data: full}},
		"count changes": {{op: opPiece, epoch: 7, pieces: 3, data: full},
			{op: opPiece, epoch: 7, piece: 1, pieces: 2, data: full}},
		"none in between": {{op: opPiece, epoch: 7, pieces: 3, data: full}, {op: opNone}},
		"refused":         {{op: opRefused, reason: directory.RefusedLater}},
		"a request":       {{op: opLatest}},
		"garbage":         {{op: 77}},
	}
	for name, answers := range cases {
		client, server := newPipe()
		go func() { // ends with the last answer
			buf := make([]byte, FrameSize)
			for _, a := range answers {
				_ = server.Receive(buf)
				a.put(buf)
				_ = server.Send(buf)
			}
		}()
		if _, err := Fetch(client, 7); !errors.Is(err, directory.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A stranger who breaks the rules is cut off without a word; nobody gets the server to hold more
// than one descriptor.
func TestServeRefuses(t *testing.T) {
	full := make([]byte, pieceSize)
	cases := map[string][]frame{
		"an answer":          {{op: opTaken}},
		"no such kind":       {{op: 9}},
		"second piece first": {{op: opSubmit, piece: 1, pieces: 2, data: full}},
		"too many pieces":    {{op: opSubmit, piece: 0, pieces: 100, data: full}},
		"short piece":        {{op: opSubmit, piece: 0, pieces: 2, data: full[:5]}},
		"empty piece":        {{op: opSubmit, piece: 0, pieces: 1}},
		"piece twice": {{op: opSubmit, piece: 0, pieces: 3, data: full},
			{op: opSubmit, piece: 1, pieces: 3, data: full},
			{op: opSubmit, piece: 1, pieces: 3, data: full}},
		"too large": {{op: opSubmit, piece: 0, pieces: 3, data: full},
			{op: opSubmit, piece: 1, pieces: 3, data: full},
			{op: opSubmit, piece: 2, pieces: 3, data: full}},
		"after the end": {{op: opSubmit, piece: 0, pieces: 1, data: full[:9]},
			{op: opSubmit, piece: 1, pieces: 2, data: full}},
		"data in a question":     {{op: opLatest, data: full}},
		"epoch in a latest":      {{op: opLatest, epoch: 3}},
		"reason in a submission": {{op: opSubmit, reason: 1, pieces: 1, data: full}},
	}
	for name, questions := range cases {
		answered := 0
		err := converse(&library{}, func(conn Conn) {
			buf := make([]byte, FrameSize)
			for _, q := range questions {
				if _, err := ask(conn, buf, q); err == nil {
					answered++
				} else {
					return
				}
			}
		})
		if answered != len(questions)-1 || !errors.Is(err, directory.ErrMalformed) {
			t.Errorf("%s: %d of %d answered, %v", name, answered, len(questions), err)
		}
	}
}

func TestServeEndsAfterManyRequests(t *testing.T) {
	err := converse(&library{}, func(conn Conn) {
		for range maxRequests {
			if _, err := Fetch(conn, directory.Latest); !errors.Is(err, directory.ErrNoDocument) {
				t.Error(err)
				return
			}
		}
	})
	if !errors.Is(err, errTooMuch) {
		t.Error(err)
	}
}

// What strangers send costs no more than a connection's own few frames.
func TestServeMemoryIsBounded(t *testing.T) {
	d := server{library: &library{}}
	full := make([]byte, pieceSize)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10_000 {
		_, _ = d.answer(frame{op: opSubmit, pieces: 3, data: full})
		_, _ = d.answer(frame{op: opSubmit, piece: 1, pieces: 3, data: full})
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<10 {
		t.Errorf("%d bytes for half-sent descriptors", got)
	}
}
