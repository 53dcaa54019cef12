package node

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/invitation"
	"murmuration/internal/link"
	"murmuration/internal/node"
)

// Files of a provider that takes only invited clients.
const (
	// invitationsFile has the hash of each code that was made, in order of the hashes. Whoever can
	// change it can invite. `murmur provider invite` writes it, the provider reads it.
	invitationsFile = "invitations"
	// invitedFile has, for each code that was used, its hash and that of the code with the key that
	// used it first. The provider writes it.
	invitedFile = "invited"
	// maxInvitations bounds both files, in bytes: over 60,000 codes.
	maxInvitations = 8 << 20
	// rereadPause is how long after a code that nobody knows the file is read again at the soonest.
	rereadPause = time.Second
)

// Invite makes so many invitations in a provider's home, which may be running, and gives their
// texts.
func Invite(home, name string, count int) ([]string, error) {
	opened, err := node.OpenHome(home)
	if err != nil {
		return nil, err
	}
	return invite(home, opened.Genesis.ID(), name, count)
}

func invite(home string, network directory.NetworkID, name string, count int) ([]string, error) {
	path := filepath.Join(home, invitationsFile)
	known, err := readHashes(path)
	if err != nil {
		return nil, err
	}
	var texts []string
	for range count {
		code, err := invitation.New(rand.Reader)
		if err != nil {
			return nil, err
		}
		known[code.Hash(network)] = invitation.Hash{}
		texts = append(texts, code.Text(name))
	}
	if err := writeHashes(path, known); err != nil {
		return nil, fmt.Errorf("keeping invitations: %w", err)
	}
	return texts, nil
}

// doorman knows who is invited. A code is for whoever shows it first.
type doorman struct {
	home    string
	network directory.NetworkID

	mu    sync.Mutex // guards all below; no core waits for it
	made  hashes
	used  hashes // with the key that came first
	again time.Time
}

// hashes are codes by their hash, with that of the key that is bound to it.
type hashes map[invitation.Hash]invitation.Hash

func newDoorman(home string, network directory.NetworkID) (*doorman, error) {
	d := &doorman{home: home, network: network}
	var err error
	if d.made, err = readHashes(filepath.Join(home, invitationsFile)); err != nil {
		return nil, err
	}
	d.used, err = readHashes(filepath.Join(home, invitedFile))
	return d, err
}

// admits says whether a guest shows a code that is theirs, or nobody's yet.
func (d *doorman) admits(g link.Guest, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	code := invitation.Code(g.Invitation)
	hash := code.Hash(d.network)
	if _, ok := d.made[hash]; !ok && !d.reread(now, hash) {
		return false
	}
	bound, used := d.used[hash]
	return !used || bound == code.Bound(d.network, g.Peer)
}

// reread looks whether a code was made since the file was read.
func (d *doorman) reread(now time.Time, hash invitation.Hash) bool {
	if now.Before(d.again) {
		return false
	}
	d.again = now.Add(rereadPause)
	if made, err := readHashes(filepath.Join(d.home, invitationsFile)); err == nil {
		d.made = made
	}
	_, ok := d.made[hash]
	return ok
}

// bind makes a code that of the guest who came with it first; it is durable on return.
func (d *doorman) bind(g link.Guest) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	code := invitation.Code(g.Invitation)
	hash, bound := code.Hash(d.network), code.Bound(d.network, g.Peer)
	if before, used := d.used[hash]; used {
		if before != bound {
			return errors.New("the invitation is another's")
		}
		return nil
	}
	d.used[hash] = bound
	if err := writeHashes(filepath.Join(d.home, invitedFile), d.used); err != nil {
		delete(d.used, hash)
		return fmt.Errorf("keeping who is invited: %w", err)
	}
	return nil
}

// readHashes reads one of the files: a line is a hash, or two with a blank between.
func readHashes(path string) (hashes, error) {
	raw, err := durable.ReadFile(path, maxInvitations)
	if errors.Is(err, fs.ErrNotExist) {
		return hashes{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading invitations: %w", err)
	}
	all := hashes{}
	for line := range strings.Lines(string(raw)) {
		words := strings.Fields(line)
		var pair [2]invitation.Hash
		bad := len(words) < 1 || len(words) > 2
		for i, w := range words[:min(2, len(words))] {
			n, err := hex.Decode(pair[i][:], []byte(w)[:min(len(w), 2*len(pair[i]))])
			bad = bad || err != nil || n != len(pair[i]) || len(w) != 2*n
		}
		if bad {
			return nil, fmt.Errorf("%s: %q is no line of hashes: restore the file from a backup",
				path, strings.TrimSpace(line))
		}
		all[pair[0]] = pair[1]
	}
	return all, nil
}

func writeHashes(path string, all hashes) error {
	var lines []string
	for hash, bound := range all {
		line := hex.EncodeToString(hash[:])
		if bound != (invitation.Hash{}) {
			line += " " + hex.EncodeToString(bound[:])
		}
		lines = append(lines, line)
	}
	slices.Sort(lines) // the order tells nothing of when they were made
	var out bytes.Buffer
	for _, line := range lines {
		fmt.Fprintln(&out, line)
	}
	return durable.WriteFile(path, out.Bytes(), 0o600)
}
