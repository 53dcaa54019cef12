package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// Manifest says what a result folder holds. All but Run is the same for every run of one scenario
// and seed.
type Manifest struct {
	Format   int      `json:"format"` // 1
	Name     string   `json:"name"`
	Scenario string   `json:"scenario_sha256"`
	Source   string   `json:"scenario_file"` // base name, for people
	Level    string   `json:"level"`
	Seed     int64    `json:"seed"`
	Cells    int      `json:"cells"`
	Finished []int    `json:"finished_cells"` // whose replications are all here
	Outputs  []Output `json:"outputs"`
	Run      Made     `json:"run"`
}

// Output is one file of the folder with its hash.
type Output struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// Made is the `run` section: how this folder came about.
type Made struct {
	State      string  `json:"state"` // "running", "stopped" or "finished"
	Shards     string  `json:"shards"`
	Revision   string  `json:"revision"`
	Go         string  `json:"go"`
	Machine    string  `json:"machine"`
	Workers    int     `json:"workers"`
	Started    string  `json:"started"`
	Seconds    float64 `json:"seconds"`
	PeakMemory uint64  `json:"peak_memory_bytes"`
}

// States of a folder.
const (
	running  = "running"
	stopped  = "stopped"
	finished = "finished"
)

// since adds how long it took.
func (m Made) since(started time.Time) Made {
	m.Started, m.Seconds = started.UTC().Format(time.RFC3339), time.Since(started).Seconds()
	return m
}

// ReadManifest reads a result folder's manifest.
func ReadManifest(path string) (m Manifest, err error) {
	text, err := os.ReadFile(filepath.Join(path, manifestName))
	if err != nil {
		return m, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("reading %s: %w", manifestName, err)
	}
	if m.Format != 1 {
		return m, fmt.Errorf("its format is %d, this program reads 1", m.Format)
	}
	return m, nil
}

// manifest writes the manifest, which is the last thing that a run does.
func (d *Folder) manifest(cells []int, outputs []Output, made Made) error {
	first := d.file.Cells[0].Scenario
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	made.PeakMemory = memory.Sys
	made.Go, made.Machine, made.Revision = runtime.Version(), runtime.GOOS+"/"+
		runtime.GOARCH, revision()
	m := Manifest{Format: 1, Name: first.Name, Scenario: d.file.Hash,
		Source: filepath.Base(d.file.Path), Level: first.Level, Seed: first.Seed,
		Cells: len(d.file.Cells), Finished: cells, Outputs: outputs, Run: made}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	return d.write(manifestName, append(text, '\n'))
}

func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	i := slices.IndexFunc(info.Settings,
		func(s debug.BuildSetting) bool { return s.Key == "vcs.revision" })
	if i < 0 {
		return "unknown"
	}
	return info.Settings[i].Value
}
