package node_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"murmuration/internal/box"
	"murmuration/internal/counted"
	"murmuration/internal/link"
)

// traces are the spellings of a secret that are in a text.
func traces(text string, secret []byte) (found []string) {
	for name, spelling := range map[string]string{
		"raw": string(secret), "hex": hex.EncodeToString(secret),
		"half of hex":     hex.EncodeToString(secret[:len(secret)/2]),
		"base64":          base64.RawStdEncoding.EncodeToString(secret)[:16],
		"base64 for URLs": base64.RawURLEncoding.EncodeToString(secret)[:16],
		"%v":              strings.Trim(fmt.Sprint(secret[:8]), "[]"),
		"%q":              fmt.Sprintf("%q", secret)[1:20],
	} {
		if strings.Contains(text, spelling) || strings.Contains(strings.ToLower(text), spelling) &&
			strings.HasSuffix(name, "hex") {
			found = append(found, name)
		}
	}
	return found
}

// journal is a log that a test reads.
type journal struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// TestLogsNameNobody: with everything logged that there is to log, while a client writes, reads, is
// refused and goes away, a disk fails and boxes are replicated, no line has a client's key, a box's
// id or its content. Control: the scan finds each of them when it is there.
func TestLogsNameNobody(t *testing.T) {
	var log journal
	var secrets map[string][]byte
	watch(t, nil, func(ctx context.Context, w *watched) {
		w.Pass(3 * time.Second)
		c := w.customer(ctx)
		b, other := w.mineToo(c.doc, "provider-2", 0, 'b'), w.mineToo(c.doc, "provider-2", 0, 'c')
		spool := link.Seed{99}.Public()
		secrets = map[string][]byte{"spool key": spool[:], "box id": b.ID[:],
			"content": b.Ciphertext[:32], "signature": b.Signature[:]}
		for _, r := range []box.Request{
			{Op: box.OpWrite, Day: w.today(), Box: b},
			{Op: box.OpWrite, Day: w.today(), Box: other},
			{Op: box.OpFetch, Fetch: box.FetchKey{Entry: box.EntryOf(b.ID)}},
			{Op: box.OpWrite, Day: w.today() + 5, Box: b},
		} {
			c.ask(r, 0)
		}
		w.Pass(time.Second)
		if err := w.stores["provider-1"].Close(); err != nil { // the disk is gone
			t.Fatal(err)
		}
		c.ask(box.Request{Op: box.OpWrite, Day: w.today(), Box: b}, 0)
		w.Pass(time.Second)
		c.conn.Close()
		w.Pass(time.Second)
	}, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 10})))
	if text := log.String(); !strings.Contains(text, "network document in force") ||
		!strings.Contains(text, "could not be executed") {
		t.Fatalf("control: what must be logged is not\n%s", text)
	}
	counted.Say(t, "canaries", "%d bytes of a provider's debug log: no %d secrets in 7 spellings",
		len(log.String()), len(secrets))
	for what, secret := range secrets {
		if found := traces(log.String(), secret); len(found) > 0 {
			t.Errorf("the log has a %s (%v)", what, found)
		}
		for _, spelling := range []string{"%s", "%x", "%X", "%v", "%q"} {
			if len(traces(fmt.Sprintf("level=INFO x="+spelling, secret), secret)) == 0 {
				t.Errorf("control: a %s as %s is not found", what, spelling)
			}
		}
	}
}
