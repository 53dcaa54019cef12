// Package decoder decodes pictures in a process of its own, so that a file that is made to break a
// decoder breaks that one, and not the program that has a person's keys.
//
// The process is this program once more, with an empty environment but for a marker that it looks
// for before anything else, and so is the test binary of every package that imports this one: init
// reads one request from standard input, answers on standard output, and ends; it never comes to
// main, and never starts another. It may open nothing, connect to nothing and start nothing, and
// has limits of memory, time and bytes. Only one is there at a time.
//
//	request:  canonical CBOR: what to do, the file, limits; up to 32 MiB
//	answer:   canonical CBOR: a code, and the picture as it was encoded anew; up to 1 MiB
//
// The package must not trust an answer: what comes back has to be a plain JPEG of the size that it
// says, whoever made it.
package decoder

import (
	"context"
	"errors"
	"time"

	"murmuration/client/fault"
	"murmuration/client/picture"
)

// Faults of decoding, beside those of package picture.
var (
	ErrCrashed = fault.New(
		fault.User, "the picture brings down what reads pictures",
		"It is damaged, or made to do harm. If you know what it shows: open it elsewhere, and "+
			"export it as JPEG.",
	)
	errStart = fault.New(
		fault.Internal, "the process that reads pictures cannot be started",
		"The program has to be able to run itself: look whether its file is still there, and "+
			"whether processes or memory are short.",
	)
)

// patience is how long a picture may take, in all; the limit of processor time is shorter.
const patience = 2 * time.Minute

// Prepare is picture.Prepare in another process.
func Prepare(ctx context.Context, file []byte, maxFile, maxThumb int) (picture.Picture, error) {
	if err := sized(file); err != nil {
		return picture.Picture{}, err
	}
	a, err := run(ctx, request{Do: prepare, File: file, MaxFile: maxFile, MaxThumb: maxThumb})
	if err != nil {
		return picture.Picture{}, err
	}
	p := picture.Picture{
		JPEG: a.JPEG, Thumb: a.Thumb, Width: a.Width, Height: a.Height, Notes: a.Notes,
	}
	if len(p.JPEG) > maxFile || len(p.Thumb) > maxThumb || len(p.Thumb) == 0 {
		return picture.Picture{}, ErrCrashed.With("an answer of %d bytes", len(p.JPEG))
	}
	return p, nil
}

// Renew is picture.Renew in another process.
func Renew(ctx context.Context, file []byte, width, height int) ([]byte, error) {
	if err := sized(file); err != nil {
		return nil, err
	}
	a, err := run(ctx, request{Do: renew, File: file, Width: width, Height: height})
	return a.JPEG, err
}

// RenewThumb is picture.RenewThumb in another process.
func RenewThumb(ctx context.Context, file []byte) ([]byte, error) {
	if err := sized(file); err != nil {
		return nil, err
	}
	a, err := run(ctx, request{Do: renewThumb, File: file})
	return a.JPEG, err
}

// Inspect is picture.Inspect in another process.
func Inspect(ctx context.Context, file []byte) ([]picture.Found, error) {
	if err := sized(file); err != nil {
		return nil, err
	}
	a, err := run(ctx, request{Do: inspect, File: file})
	return a.Found, err
}

// sized refuses what need not be given to a process.
func sized(file []byte) error {
	if len(file) > picture.MaxFile {
		return picture.ErrTooLarge.With("%d bytes", len(file))
	}
	return picture.Sniff(file)
}

// Blames says whether an error is the picture's fault, and comes again with it; if not, this
// computer could not look at it now.
func Blames(err error) bool {
	if errors.Is(err, ErrCrashed) {
		return true
	}
	for _, f := range faults {
		if errors.Is(err, f) {
			return true
		}
	}
	return false
}
