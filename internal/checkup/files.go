package checkup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
	"murmuration/internal/replay"
)

// room is the free space in bytes below which a node without boxes is short of it.
const room = 64 << 20

// files looks at the home; it is false when there is no node to go on with.
func (e *exam) files() bool {
	if info, err := os.Stat(e.Home); err != nil || !info.IsDir() {
		e.bad("home", "Name the node's directory with --home.", "%s is no directory", e.Home)
		return false
	}
	_, genesis := os.Stat(filepath.Join(e.Home, "genesis"))
	_, identity := os.Stat(filepath.Join(e.Home, "identity.key"))
	if genesis != nil && identity != nil {
		e.bad("home", "Name the node's directory with --home; `murmur mix init` or `murmur "+
			"network new` makes one.", "there is no node in %s", e.Home)
		return false
	}
	if open := node.OpenToOthers(e.Home); len(open) > 0 {
		e.bad("home", node.CloseToOthers, "every user of this computer can write %s",
			strings.Join(open, ", "))
	} else {
		e.good("home", "%s", e.Home)
	}
	if e.Broken != nil {
		e.bad("config", "Mend the file: its comments say what may stand there.", "%v", e.Broken)
	} else {
		e.good("config", "can be read")
	}
	e.disk()
	return e.identity() && e.kept()
}

// identity opens the home as the node does.
func (e *exam) identity() bool {
	raw, err := durable.ReadFile(filepath.Join(e.Home, "genesis"), 1<<20)
	if err == nil {
		_, err = directory.ParseGenesis(raw)
	}
	if err != nil {
		e.bad("genesis", "Copy the network's genesis file again: the one with which the home was "+
			"made.", "%v", err)
		return false
	}
	if e.home, err = node.OpenHome(e.Home); err != nil {
		e.bad("identity", "See above: whoever has this file is the node.", "%v", err)
		return false
	}
	e.good("identity", "%s", e.home.Identity.ID())
	return true
}

// kept looks at what the node keeps: documents, keys, boxes.
func (e *exam) kept() bool {
	if e.Alone {
		return e.documents() && e.admissions()
	}
	return e.documents() && e.keys() && e.boxes()
}

// admissions are the list of an authority.
func (e *exam) admissions() bool {
	raw, err := durable.ReadFile(filepath.Join(e.Home, "admissions"), directory.MaxAdmissions)
	var list directory.Admissions
	if err == nil {
		list, err = directory.ParseAdmissions(raw)
	}
	if err != nil {
		e.bad("admissions", "Put the file back, or copy that of another authority: with an empty "+
			"one this authority would leave everybody out of its votes.", "%v", err)
		return false
	}
	e.good("admissions", "%d nodes are admitted", len(list))
	return true
}

func (e *exam) documents() bool {
	paths, _ := filepath.Glob(filepath.Join(e.Home, "documents", "*.document"))
	for _, path := range paths {
		raw, err := durable.ReadFile(path, directory.MaxDocument)
		var doc *directory.Document
		if err == nil {
			doc, err = directory.ParseDocument(raw)
		}
		if err == nil {
			err = doc.Verify(e.home.Genesis)
		}
		switch {
		case errors.Is(err, directory.ErrOtherNetwork):
			e.bad("genesis", "Put the genesis file back with which the home was made.",
				"the network documents in this home are of another network")
			return false
		case err != nil:
			e.bad("documents", "Remove the file and start the node again: it is fetched anew.",
				"%s: %v", path, err)
			return false
		}
	}
	e.good("documents", "%d are kept", len(paths))
	return true
}

func (e *exam) keys() bool {
	paths, _ := filepath.Glob(filepath.Join(e.Home, "keys", "*.key"))
	for _, path := range paths {
		tags := path[:len(path)-len(".key")] + ".tags"
		info, err := os.Stat(tags)
		if err == nil && info.Size() < replay.HeaderSize {
			err = fmt.Errorf("%s is too short", tags)
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s is missing", tags)
		}
		if err != nil {
			e.bad("keys", "Remove it with its .key file and start the node again: packets of that "+
				"epoch are lost.", "%v, and nobody can tell replays without it", err)
			return false
		}
	}
	e.good("keys", "of %d epochs", len(paths))
	return true
}

func (e *exam) boxes() bool {
	if e.Boxes == "" {
		return true
	}
	if _, err := os.Stat(e.Boxes); err != nil {
		e.bad("boxes", "Is its disk mounted? If the boxes are lost for good, make a new provider: "+
			"this one has promised to keep them.", "there is no %s", e.Boxes)
		return false
	}
	e.good("boxes", "%s", e.Boxes)
	return true
}

func (e *exam) disk() {
	free, err := durable.Free(e.Home)
	least := max(e.Reserve, room)
	switch {
	case err != nil:
		e.bad("disk", "Look at the disk.", "%v", err)
	case free < least && e.Reserve > 0:
		e.bad("disk", "Make room, or give the node a larger disk; keep_free_mib says what it "+
			"keeps free.", "%d MiB are free: it takes no new boxes below %d, and writes nothing, "+
			"and does not start, below %d", free>>20, least>>20, least>>22)
	case free < least:
		e.bad("disk", "Make room, or give the node a larger disk.",
			"%d MiB are free, and the node stops writing below %d", free>>20, least>>20)
	default:
		e.good("disk", "%d MiB are free", free>>20)
	}
}

// process looks whether the node runs.
func (e *exam) process() {
	pid, running, err := node.Running(e.Home)
	e.running = running
	switch {
	case err != nil:
		e.bad("running", "Look at the home: who may write there?", "%v", err)
	case !running:
		e.bad("running", fmt.Sprintf("Start it: murmur %s run --home %s", e.what(), e.Home),
			"no process has this home")
	default:
		e.good("running", "as process %d", pid)
	}
	if !running {
		return
	}
	state, err := node.ReadState(e.Home)
	if err == nil && e.now.Sub(state.At) < node.StateAge {
		e.state = state
	}
}
