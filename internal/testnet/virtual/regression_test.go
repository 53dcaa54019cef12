package virtual

// Each test here is of a bug that was there once, with a line of its history.

import (
	"errors"
	"testing"

	"murmuration/internal/link"
	"murmuration/internal/testnet"
)

// History: A provider took packets of clients in before it had a document, and dropped them.
//
// TestClientsWaitForADocument: as long as a provider has no document to go by, it admits no client,
// whose packets it would have to drop; it does as soon as there is one.
func TestClientsWaitForADocument(t *testing.T) {
	Run(t, Plan(t), testnet.Options{Skip: []string{"provider-1"}}, func(n *Net) {
		if n.epoch(0, 0.5); !errors.Is(knock(n, "provider-2"), link.ErrNotAdmitted) {
			t.Error("a provider without a document admits a client")
		}
		n.Start("provider-1")
		n.epoch(1, 0.5)
		for _, name := range []string{"provider-1", "provider-2"} {
			if err := knock(n, name); err != nil {
				t.Errorf("control: %s has a document: %v", name, err)
			}
		}
	})
}
