package founding

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
)

// Change is what a succession does to the authorities of a network.
type Change struct {
	Without []string // names of those who go
	With    []string // NAME=IDENTITY@HOST:PORT of those who come, +provider behind one beside it
	Since   directory.Epoch
}

// ErrSignedOther says that this authority has signed another succession of that number: two would
// split the network.
var ErrSignedOther = errors.New("this authority has signed another succession already")

// Propose is the succession that an authority proposes for its network, not yet signed.
func Propose(home string, c Change) (*directory.Genesis, *directory.Succession, error) {
	h, err := open(home)
	if err != nil {
		return nil, nil, err
	}
	if now, _, err := h.Genesis.Schedule().At(time.Now()); err == nil && c.Since < now+2 {
		return nil, nil, fmt.Errorf("epoch %d is too soon: it is %d now, and everybody must have "+
			"the new genesis before", c.Since, now)
	}
	doc, err := newest(h)
	if err != nil {
		return nil, nil, err
	}
	authorities, entries := where(doc, h.Genesis.Authorities), where(doc, h.Genesis.Entries)
	for _, name := range c.Without {
		at := slices.IndexFunc(authorities,
			func(a directory.Authority) bool { return a.Name == name })
		if at < 0 {
			return nil, nil, fmt.Errorf("there is no authority %q", name)
		}
		gone := authorities[at].ID
		is := func(a directory.Authority) bool { return a.ID == gone }
		authorities = slices.DeleteFunc(authorities, is)
		entries = slices.DeleteFunc(entries, is)
	}
	for _, text := range c.With {
		a, provider, err := parseCandidate(text)
		if err != nil {
			return nil, nil, err
		}
		authorities = append(authorities, a)
		if provider {
			entries = append(entries, a)
		}
	}
	s, err := h.Genesis.Propose(c.Since, authorities, entries)
	return h.Genesis, s, err
}

// where is a list with the addresses of now.
func where(doc *directory.Document, list []directory.Authority) []directory.Authority {
	list = slices.Clone(list)
	for i := range list {
		if doc != nil {
			list[i].Addr = doc.AddressOf(list[i])
		}
	}
	return list
}

// parseCandidate reads NAME=IDENTITY@HOST:PORT[+provider].
func parseCandidate(text string) (a directory.Authority, provider bool, err error) {
	rest, provider := strings.CutSuffix(text, "+provider")
	name, rest, named := strings.Cut(rest, "=")
	id, addr, placed := strings.Cut(rest, "@")
	if !named || !placed {
		return a, false, fmt.Errorf("%q: want NAME=IDENTITY@HOST:PORT, and +provider behind it "+
			"for one beside a provider", text)
	}
	a.Name, a.Addr = name, addr
	return a, provider, a.ID.UnmarshalText([]byte(id))
}

// Agree signs a succession with the authority in home, which signs one of each number: that is on
// its disk before.
func Agree(home string, s *directory.Succession) error {
	h, err := open(home)
	if err != nil {
		return err
	}
	digest := s.Digest()
	path := h.Path(fmt.Sprint("succession-", s.Number))
	had, err := durable.ReadFile(path, int64(len(digest)))
	switch {
	case err == nil && !bytes.Equal(had, digest[:]):
		return fmt.Errorf("%w of number %d: %s", ErrSignedOther, s.Number, path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := durable.WriteFile(path, digest[:], 0o600); err != nil {
		return err
	}
	s.Sign(h.Identity)
	return nil
}

// Adopt has a home, a node's or a person's, go by the genesis after a succession; one that has keys
// and no network yet joins it.
func Adopt(home string, next *directory.Genesis) (joined bool, err error) {
	err = node.Succeed(home, next)
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if _, none := node.OpenKeys(home); none != nil {
		return false, err
	}
	_, err = node.Join(home, next)
	return err == nil, err
}
