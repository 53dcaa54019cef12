package authority

import (
	"fmt"
	"sync"
	"time"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// AdmissionsFile lists, in the home, who is admitted. Whoever can change it decides this
// authority's vote on who is in the network. It is read again before every vote, so that `murmur
// authority admit` works while the authority runs.
const AdmissionsFile = "admissions"

// ReadAdmissions reads the list of an authority.
func ReadAdmissions(path string) (directory.Admissions, error) {
	raw, err := durable.ReadFile(path, directory.MaxAdmissions)
	if err != nil {
		return nil, fmt.Errorf("reading who is admitted: %w", err)
	}
	list, err := directory.ParseAdmissions(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return list, nil
}

// ChangeAdmissions changes the list that there is. A list that is gone is not begun anew: with the
// change alone on it, the authority would leave everybody else out of its votes.
func ChangeAdmissions(path string,
	change func(directory.Admissions) directory.Admissions) error {
	lock, err := durable.Acquire(path + ".lock")
	if err != nil {
		return fmt.Errorf("changing the admissions: %w", err)
	}
	defer lock.Close()
	list, err := ReadAdmissions(path)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, change(list).Marshal(), 0o600)
}

// rereadPause is how long the file is left alone, whoever asks.
const rereadPause = time.Second

// roster is who is admitted, in memory: whoever is not listed costs a look, and the file is read
// for them once in rereadPause at most, since they may be listed by now.
type roster struct {
	path string

	mu    sync.Mutex // guards all below; nothing waits under it but a read
	list  directory.Admissions
	again time.Time
}

// now is the list as it was read last.
func (r *roster) now() directory.Admissions {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

// read reads the file; after an error the list is as before.
func (r *roster) read() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reread()
}

func (r *roster) reread() error {
	list, err := ReadAdmissions(r.path)
	if err == nil {
		r.list = list
	}
	return err
}

// vouch says that a descriptor is an admitted node's own, and gives the list by which it is. The
// error wraps a directory.Refusal.
func (r *roster) vouch(now time.Time, g *directory.Genesis, d *directory.Descriptor) (
	directory.Admissions, error) {
	list := r.admitting(now, d)
	if list == nil {
		return nil, fmt.Errorf("descriptor of %s as %s: %w", d.ID, d.Role,
			directory.RefusedNotAdmitted)
	}
	return list, d.Verify(g)
}

// admitting is the list if it has the node, after a look into the file if need be.
func (r *roster) admitting(now time.Time, d *directory.Descriptor) directory.Admissions {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.list.Admits(d.ID, d.Role) {
		if now.Before(r.again) {
			return nil
		}
		r.again = now.Add(rereadPause)
		_ = r.reread() // the next vote says what is wrong with the file
	}
	if !r.list.Admits(d.ID, d.Role) {
		return nil
	}
	return r.list
}
