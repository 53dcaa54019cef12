package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"murmuration/configs"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// Preset is a file with the values of a network, from which a genesis is made: the keys of
// directory.Parameters in snake_case. Nothing has a default, so that the file says everything.
type Preset struct {
	Suite          string   `toml:"suite"`
	Layers         int      `toml:"layers"`
	BoxPlaintext   Size     `toml:"box_plaintext"`
	MeanHopDelay   Duration `toml:"mean_hop_delay"`
	HopDelayLimit  Duration `toml:"hop_delay_limit"`
	ReplyAllowance Duration `toml:"reply_allowance"`
	PayloadEvery   Duration `toml:"payload_every"`
	LoopEvery      Duration `toml:"loop_every"`
	DropEvery      Duration `toml:"drop_every"`
	MixLoopEvery   Duration `toml:"mix_loop_every"`
	ReplicateEvery Duration `toml:"replicate_every"`
	Replicas       int      `toml:"replicas"`
	RetentionDays  int      `toml:"retention_days"`
	EpochLength    Duration `toml:"epoch_length"`
	Clients        int      `toml:"clients"` // most clients of the whole network; 0: not stated
	BulletinEvery  Duration `toml:"bulletin_every"`
	Hold           Duration `toml:"hold"`
	FetchDelay     Duration `toml:"fetch_delay"`
	FetchLoad      float64  `toml:"fetch_load"`
	WritesPerDay   int      `toml:"writes_per_day"`
	StreamPerDay   int      `toml:"stream_per_day"`
	CatchUp        Duration `toml:"catch_up"`
	SlowDelay      Duration `toml:"slow_delay"`
	WriteTokens    int      `toml:"write_tokens"`
}

// Parameters is the preset as the network's values; the grace is a quarter of the epoch.
func (p *Preset) Parameters() directory.Parameters {
	return directory.Parameters{
		Suite: p.Suite, Layers: p.Layers, BoxPlaintext: int(p.BoxPlaintext.Bytes),
		MeanHopDelay: p.MeanHopDelay.Duration, HopDelayLimit: p.HopDelayLimit.Duration,
		ReplyAllowance: p.ReplyAllowance.Duration,
		PayloadEvery:   p.PayloadEvery.Duration, LoopEvery: p.LoopEvery.Duration,
		DropEvery:    p.DropEvery.Duration,
		MixLoopEvery: p.MixLoopEvery.Duration, ReplicateEvery: p.ReplicateEvery.Duration,
		Replicas:      p.Replicas,
		RetentionDays: p.RetentionDays,
		EpochLength:   p.EpochLength.Duration, Grace: protocol.KeyGrace(p.EpochLength.Duration),
		Clients:       p.Clients,
		BulletinEvery: p.BulletinEvery.Duration, Hold: p.Hold.Duration,
		FetchDelay: p.FetchDelay.Duration, FetchLoad: p.FetchLoad,
		WritesPerDay: p.WritesPerDay, StreamPerDay: p.StreamPerDay,
		CatchUp: p.CatchUp.Duration, SlowDelay: p.SlowDelay.Duration,
		WriteTokens: p.WriteTokens,
	}
}

// Validate is the network's own rules; their errors name the keys of this file.
func (p *Preset) Validate() error { return p.Parameters().Validate() }

// Presets lists the names of the built-in presets.
func Presets() []string {
	files, err := fs.Glob(configs.Network, "network/*.toml")
	if err != nil {
		panic(err) // the pattern is constant
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "network/"), ".toml")
	}
	return files
}

// LoadPreset reads a built-in preset by its name ("default", "x25519", "demo", "fast"), or a file
// by its path, which has a slash, a backslash or a dot in it.
func LoadPreset(name string) (directory.Parameters, error) {
	var p Preset
	if strings.ContainsAny(name, `/\.`) {
		err := Load(name, &p)
		return p.Parameters(), err
	}
	src, err := fs.ReadFile(configs.Network, "network/"+name+".toml")
	if errors.Is(err, fs.ErrNotExist) {
		return directory.Parameters{}, fmt.Errorf(
			"no preset %q: there are %s; a file of your own is given by its path, as in ./%s.toml",
			name, strings.Join(Presets(), ", "), name)
	}
	if err != nil {
		return directory.Parameters{}, fmt.Errorf("reading preset %s: %w", name, err)
	}
	err = Decode("configs/network/"+name+".toml", src, &p)
	return p.Parameters(), err
}
