package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

var made = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// files is what a tar holds, by name.
func files(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	held := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(raw)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return held
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(made) {
			t.Errorf("%s is of %v", h.Name, h.ModTime)
		}
		if held[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// blob is what a digest names in an image; it must be what the digest says.
func blob(t *testing.T, held map[string][]byte, d descriptor) []byte {
	t.Helper()
	raw := held["blobs/sha256/"+d.Digest[len("sha256:"):]]
	if got := fmt.Sprintf("sha256:%x", sha256.Sum256(raw)); got != d.Digest || len(raw) != d.Size {
		t.Fatalf("%s of %d bytes is %s of %d", d.Digest, d.Size, got, len(raw))
	}
	return raw
}

// TestImageHoldsTheBinary goes the way of whoever loads an image: index, manifest, configuration
// and layer, each by its digest.
func TestImageHoldsTheBinary(t *testing.T) {
	raw, err := image([]byte("a binary"), "arm64", made)
	if err != nil {
		t.Fatal(err)
	}
	held := files(t, raw)
	var index struct{ Manifests []descriptor }
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	var config struct {
		Architecture string
		RootFS       struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(held["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(blob(t, held, index.Manifests[0]), &manifest); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(blob(t, held, manifest.Config), &config); err != nil {
		t.Fatal(err)
	}
	layer := blob(t, held, manifest.Layers[0])
	if config.Architecture != "arm64" || config.RootFS.DiffIDs[0] != manifest.Layers[0].Digest {
		t.Errorf("the configuration is of another image: %+v", config)
	}
	if got := files(t, layer)["usr/bin/murmur"]; string(got) != "a binary" {
		t.Errorf("the layer holds %q", got)
	}
}

// TestImageIsReproducible: the same binary gives the same bytes, another one others.
func TestImageIsReproducible(t *testing.T) {
	var sums [3][32]byte
	for i, binary := range []string{"one", "one", "two"} {
		raw, err := image([]byte(binary), "amd64", made)
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = sha256.Sum256(raw)
	}
	if sums[0] != sums[1] || sums[0] == sums[2] {
		t.Error("images are not told apart by what they hold, and by that alone")
	}
}
