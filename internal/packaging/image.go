package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// Media types and layout: OCI Image Format Specification 1.1, "Image Layout", "Image Manifest",
// "Image Configuration".
const (
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// nobody is the user of the image, who owns nothing in it but the volume.
const nobody = 65534

// descriptor names a blob.
type descriptor struct {
	MediaType string            `json:"mediaType"`
	Digest    string            `json:"digest"`
	Size      int               `json:"size"`
	Notes     map[string]string `json:"annotations,omitempty"`
}

// entry is a file of an archive; without bytes and with a name that ends in a slash, a directory.
type entry struct {
	name  string
	mode  int64
	owner int
	bytes []byte
}

// layout is an image that grows.
type layout struct{ blobs []entry }

// image is an OCI archive (a tar that podman, docker and skopeo load) with one layer: the binary
// and an empty /home for the volume. Nothing else is in it: no shell, no libraries.
func image(binary []byte, arch string, made time.Time) ([]byte, error) {
	layer, err := archive([]entry{
		{name: "home/", mode: 0o700, owner: nobody},
		{name: "tmp/", mode: 0o1777},
		{name: "usr/", mode: 0o755}, {name: "usr/bin/", mode: 0o755},
		{name: "usr/bin/murmur", mode: 0o755, bytes: binary},
	}, made)
	if err != nil {
		return nil, err
	}
	var l layout
	layerBlob := l.add(typeLayer, layer)
	config, err := l.addJSON(typeConfig, map[string]any{
		"created": made.Format(time.RFC3339), "architecture": arch, "os": "linux",
		"config": map[string]any{
			"User":       fmt.Sprintf("%d:%d", nobody, nobody),
			"Entrypoint": []string{"/usr/bin/murmur"},
			"Env":        []string{"HOME=/home", "PATH=/usr/bin"},
			"WorkingDir": "/home",
			"Volumes":    map[string]any{"/home": struct{}{}},
			"StopSignal": "SIGTERM",
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layerBlob.Digest}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := l.addJSON(typeManifest, map[string]any{
		"schemaVersion": 2, "mediaType": typeManifest,
		"config": config, "layers": []descriptor{layerBlob},
	})
	if err != nil {
		return nil, err
	}
	return l.archive(manifest, made)
}

// add keeps a blob under its digest.
func (l *layout) add(mediaType string, blob []byte) descriptor {
	sum := fmt.Sprintf("%x", sha256.Sum256(blob))
	l.blobs = append(l.blobs, entry{name: "blobs/sha256/" + sum, mode: 0o644, bytes: blob})
	return descriptor{MediaType: mediaType, Digest: "sha256:" + sum, Size: len(blob)}
}

func (l *layout) addJSON(mediaType string, value any) (descriptor, error) {
	raw, err := json.Marshal(value) // maps are written in the order of their keys
	return l.add(mediaType, raw), err
}

// archive is the whole layout with an index that names the manifest.
func (l *layout) archive(manifest descriptor, made time.Time) ([]byte, error) {
	manifest.Notes = map[string]string{"org.opencontainers.image.ref.name": "murmur"}
	index, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "manifests": []descriptor{manifest}})
	if err != nil {
		return nil, err
	}
	return archive(append([]entry{
		{name: "oci-layout", mode: 0o644, bytes: []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{name: "index.json", mode: 0o644, bytes: index},
		{name: "blobs/", mode: 0o755}, {name: "blobs/sha256/", mode: 0o755},
	}, l.blobs...), made)
}

// archive is a tar of entries, all of one time.
func archive(entries []entry, made time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		kind := byte(tar.TypeReg)
		if e.bytes == nil {
			kind = tar.TypeDir
		}
		err := w.WriteHeader(&tar.Header{Typeflag: kind, Name: e.name, Mode: e.mode,
			Uid: e.owner, Gid: e.owner, Size: int64(len(e.bytes)), ModTime: made})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(e.bytes); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}
