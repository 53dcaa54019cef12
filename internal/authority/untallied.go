package authority

import (
	"encoding/json"

	"murmuration/internal/directory"
	"murmuration/internal/durable"
	"murmuration/internal/node"
)

// Untallied is why an authority made no document, for whoever runs it.
type Untallied struct {
	Epoch directory.Epoch `json:"epoch"` // for which there is none
	Why   string          `json:"why"`
	Notes []string        `json:"notes,omitempty"` // of the tally: who is missing
}

const (
	untalliedFile = "untallied.json"
	maxUntallied  = 1 << 20 // bytes
)

// ReadUntallied reads what the authority of a home said last; nil if it never failed.
func ReadUntallied(home *node.Home) *Untallied {
	raw, err := durable.ReadFile(home.Path(untalliedFile), maxUntallied)
	if err != nil {
		return nil
	}
	u := new(Untallied)
	if json.Unmarshal(raw, u) != nil {
		return nil
	}
	return u
}

// untallied says in the home why there is no document. What cannot be written is left out: nothing
// rests on it.
func (a *Authority) untallied(action directory.Action) {
	raw, err := json.Marshal(Untallied{action.Epoch, action.Err.Error(), action.Notes})
	if err == nil {
		_ = durable.Show(a.Home.Path(untalliedFile), raw, 0o600)
	}
}
