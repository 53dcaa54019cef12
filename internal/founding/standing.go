package founding

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"murmuration/internal/authority"
	"murmuration/internal/directory"
	"murmuration/internal/documents"
	"murmuration/internal/link"
	"murmuration/internal/node"
)

// Standing is how the authorities of a network stand, as one of them sees it from its computer.
type Standing struct {
	Network   string          `json:"network"`
	ID        string          `json:"id"` // of the network
	Threshold int             `json:"threshold"`
	Epoch     directory.Epoch `json:"epoch"` // by this computer's clock
	Phase     string          `json:"phase"`
	Admitted  int             `json:"admitted"`
	Document  *Made           `json:"document,omitempty"` // the newest here
	// Missing is why the epoch that runs has no document here, as this authority said; nil: it has.
	Missing     *authority.Untallied `json:"missing,omitempty"`
	Authorities []Seat               `json:"authorities"`
}

// Made is a document, in short.
type Made struct {
	Epoch   directory.Epoch `json:"epoch"`
	Nodes   int             `json:"nodes"`
	Signers []string        `json:"signers"`
	Ended   bool            `json:"ended"`
}

// Seat is one authority, asked just now.
type Seat struct {
	Name    string           `json:"name"`
	Addr    string           `json:"address"`
	Self    bool             `json:"self,omitempty"`
	Reached bool             `json:"reached"`
	Epoch   *directory.Epoch `json:"epoch,omitempty"` // of its newest document
	Error   string           `json:"error,omitempty"`
	// False says what is not true of the document that it serves; empty: it is.
	False string `json:"false,omitempty"`
}

// Reached is how many authorities are, but for those who serve what is not true.
func (s Standing) Reached() (n int) {
	for _, a := range s.Authorities {
		if a.Reached && a.False == "" {
			n++
		}
	}
	return n
}

// lookFor bounds how long authorities are asked.
const lookFor = 15 * time.Second

// Look asks all authorities for their newest document, with a key that says nothing about who asks.
func Look(ctx context.Context, home string) (s Standing, err error) {
	h, err := open(home)
	if err != nil {
		return s, err
	}
	list, err := authority.ReadAdmissions(h.Path(authority.AdmissionsFile))
	if err != nil {
		return s, err
	}
	doc, err := newest(h)
	if err != nil {
		return s, err
	}
	now := time.Now()
	s = Standing{Network: h.Genesis.Label, ID: h.Genesis.ID().String(),
		Threshold: h.Genesis.Threshold,
		Admitted:  len(list), Phase: "before the start"}
	if e, phase, err := h.Genesis.Schedule().At(now); err == nil {
		s.Epoch, s.Phase = e, phase.String()
	}
	s.Document = made(h.Genesis, doc, s.Epoch)
	if doc != nil && doc.Epoch < s.Epoch {
		s.Missing = missing(authority.ReadUntallied(h), s.Epoch)
	}
	s.Authorities, err = ask(ctx, h, doc)
	return s, err
}

// missing is what an authority said of the epoch that runs, or that it said nothing.
func missing(said *authority.Untallied, now directory.Epoch) *authority.Untallied {
	if said == nil || said.Epoch < now {
		return &authority.Untallied{Epoch: now,
			Why: "this authority was not there when it was made"}
	}
	return &authority.Untallied{Epoch: now, Why: said.Why, Notes: said.Notes}
}

func made(g *directory.Genesis, doc *directory.Document, now directory.Epoch) *Made {
	if doc == nil {
		return nil
	}
	m := &Made{Epoch: doc.Epoch, Nodes: len(doc.Nodes), Ended: now > doc.Epoch && !doc.ValidAt(now)}
	for _, sig := range doc.Signatures {
		if a, ok := g.Authority(sig.By); ok {
			m.Signers = append(m.Signers, a.Name)
		}
	}
	return m
}

// ask asks all at the same time.
func ask(ctx context.Context, h *node.Home, doc *directory.Document) ([]Seat, error) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	var throwaway link.Seed
	if _, err := rand.Read(throwaway[:]); err != nil {
		return nil, err
	}
	transport, err := link.NewTLS(link.Config{Network: h.Genesis.ID(), Identity: throwaway,
		FrameSize: authority.FrameSize})
	if err != nil {
		return nil, err
	}
	source := documents.Links(func() (link.Transport, error) { return transport, nil })
	seats := make([]Seat, len(h.Genesis.Authorities))
	var asked sync.WaitGroup
	for i, a := range h.Genesis.Authorities {
		if doc != nil {
			a.Addr = doc.AddressOf(a)
		}
		seats[i] = Seat{Name: a.Name, Addr: a.Addr, Self: a.ID == h.Identity.ID()}
		asked.Go(func() { // ends with ctx
			theirs, err := source.Fetch(ctx, a, directory.Latest)
			switch {
			case err == nil:
				seats[i].Reached, seats[i].Epoch = true, &theirs.Epoch
				if err := theirs.Verify(h.Genesis); err != nil {
					seats[i].False = err.Error()
				}
			case errors.Is(err, directory.ErrNoDocument):
				seats[i].Reached = true
			default:
				seats[i].Error = err.Error()
			}
		})
	}
	asked.Wait()
	return seats, nil
}
