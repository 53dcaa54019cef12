package decoder

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"murmuration/client/picture"
)

// marker is the variable of the environment that makes a process a decoder.
const marker = "MURMUR_DECODER"

// Exit codes of the process.
const (
	exitConfine = 3 + iota
	exitRequest
	exitAnswer
)

// init is the whole life of the other process.
func init() {
	if os.Getenv(marker) == "" {
		return
	}
	os.Exit(serve(os.Stdin, os.Stdout))
}

// probe takes the place of the work in a test of what the process may do.
var probe func(request) answer

// serve answers one request. The limits come before its first byte is looked at.
func serve(in io.Reader, out io.Writer) int {
	// The runtime's own timers need its poller, which opens descriptors when the first one is set.
	time.AfterFunc(time.Hour, func() {})
	if confine() != nil {
		return exitConfine
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxRequest+1))
	if err != nil {
		return exitRequest
	}
	r, err := parse[request](raw, maxRequest)
	if err != nil {
		return exitRequest
	}
	work := r.work
	if probe != nil {
		work = func() answer { return probe(r) }
	}
	b, err := encMode.Marshal(work())
	if err == nil {
		_, err = out.Write(b)
	}
	if err != nil {
		return exitAnswer
	}
	return 0
}

func (r request) work() (a answer) {
	var err error
	switch r.Do {
	case prepare:
		var p picture.Picture
		p, err = picture.Prepare(r.File, r.MaxFile, r.MaxThumb)
		a = answer{
			JPEG: p.JPEG, Thumb: p.Thumb, Width: p.Width, Height: p.Height, Notes: p.Notes,
		}
	case renew:
		a.JPEG, err = picture.Renew(r.File, r.Width, r.Height)
	case renewThumb:
		a.JPEG, err = picture.RenewThumb(r.File)
	case inspect:
		a.Found = picture.Inspect(r.File)
	default:
		err = picture.ErrNotPicture
	}
	if err != nil {
		return refusal(err)
	}
	return a
}

// refusal is an answer that says why there is no picture.
func refusal(err error) answer {
	for i, f := range faults {
		if errors.Is(err, f) {
			detail := strings.TrimPrefix(err.Error(), f.Error())
			return answer{Fault: uint8(i + 1), Detail: clean(strings.TrimPrefix(detail, ": "))}
		}
	}
	return answer{Fault: 1, Detail: clean(err.Error())}
}

// clean keeps what can be shown on a line.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII && r != '×' || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), maxDetail)], "")
}
