package scenario

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"murmuration/configs"
	"murmuration/internal/config"
	"murmuration/internal/directory"
	"murmuration/internal/protocol"
)

// readPreset reads a network preset. A name is that of a built-in one, as in `murmur network new --preset`; a path has a
// slash or a dot and is read relative to the scenario.
func readPreset(file, name string, read func(string) ([]byte, error)) ([]byte, error) {
	if !strings.ContainsAny(name, `/\.`) {
		return fs.ReadFile(configs.Network, "network/"+name+".toml")
	}
	return read(path.Join(path.Dir(filepath.ToSlash(file)), name))
}

// preset lays the values of a network preset under those of the file.
func (f *File) preset(name string, read func(string) ([]byte, error)) error {
	refuse := func(hint string, err error) error {
		return Problems{f.refuse("network", hint, "reading the preset %s: %v", name, err)}
	}
	text, err := read(name)
	if err != nil {
		return refuse("Give "+strings.Join(config.Presets(), ", ")+", or the path of a preset relative to this file.", err)
	}
	var p config.Preset
	if err := config.Decode(name, text, &p); err != nil {
		return refuse("", err)
	}
	network, err := presetValues(p.Parameters())
	if err != nil {
		return refuse("", err)
	}
	f.Preset, f.below = text, over(f.below, network)
	return nil
}

// presetValues says a network's values in the keys of a scenario.
func presetValues(p directory.Parameters) (map[string]any, error) {
	frame, err := frameSize(p)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for key, value := range map[string]any{
		"topology.kind": "ring", "topology.layers": p.Layers,
		"mix.mean_delay": p.MeanHopDelay.String(), "mix.delay_cap": p.HopDelayLimit.Seconds() / p.MeanHopDelay.Seconds(),
		"mix.loop_every": p.MixLoopEvery.String(), "mix.entry_delay": true, "mix.exit_delay": true,
		"clients.payload_every": p.PayloadEvery.String(), "clients.loop_every": p.LoopEvery.String(), "clients.drop_every": p.DropEvery.String(),
		"clients.retrieval": "exchange", "clients.packet": fmt.Sprintf("%dB", frame),
		"boxes.watched": p.WatchedBoxes, "boxes.poll_share": fmt.Sprintf("%g%%", 100*p.PollShare), "boxes.allowance": p.ReplyAllowance.String(),
		"boxes.replicate_after": p.ReplicateEvery.String(),
	} {
		set(values, key, value)
	}
	return values, nil
}

// frameSize is what a client moves for one packet, in bytes.
func frameSize(p directory.Parameters) (int, error) {
	params, err := p.PacketParams()
	if err != nil {
		return 0, err
	}
	return params.PacketSize() + protocol.ExchangeOverhead, nil
}
