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

// readPreset reads a network preset. A name is that of a built-in one, as in `murmur network new
// --preset`; a path has a slash or a dot and is read relative to the scenario.
func readPreset(file, name string, read func(string) ([]byte, error)) ([]byte, error) {
	if !strings.ContainsAny(name, `/\.`) {
		return fs.ReadFile(configs.Network, "network/"+name+".toml")
	}
	return read(path.Join(path.Dir(filepath.ToSlash(file)), name))
}

// preset lays the values of a network preset under those of the file.
func (f *File) preset(name string, read func(string) ([]byte, error)) {
	refuse := func(hint string, err error) {
		f.refuse(&field.Network, hint, "reading the preset %s: %v", name, err)
	}
	text, err := read(name)
	if err != nil {
		refuse(
			"Give "+strings.Join(config.Presets(), ", ")+
				", or the path of a preset relative to this file.", err)
		return
	}
	var p config.Preset
	if err := config.Decode(name, text, &p); err != nil {
		refuse("", err)
		return
	}
	network, err := presetValues(p.Parameters())
	if err != nil {
		refuse("", err)
		return
	}
	f.Preset, f.below = text, over(f.below, network)
}

// presetValues says a network's values in the keys of a scenario.
func presetValues(p directory.Parameters) (map[string]any, error) {
	frame, reply, err := frameSize(p)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for of, value := range map[any]any{
		&field.Topology.Kind: "ring", &field.Topology.Layers: p.Layers,
		&field.Mix.MeanDelay:        p.MeanHopDelay.String(),
		&field.Mix.DelayCap:         p.HopDelayLimit.Seconds() / p.MeanHopDelay.Seconds(),
		&field.Mix.LoopEvery:        p.MixLoopEvery.String(),
		&field.Mix.EntryDelay:       true,
		&field.Mix.ExitDelay:        true,
		&field.Clients.PayloadEvery: p.PayloadEvery.String(),
		&field.Clients.LoopEvery:    p.LoopEvery.String(),
		&field.Clients.DropEvery:    p.DropEvery.String(),
		&field.Clients.Retrieval:    "exchange",
		&field.Clients.BuildAhead:   true,
		&field.Clients.Packet:       fmt.Sprintf("%dB", frame),
		&field.Boxes.Reading:        "bulletins",
		&field.Boxes.Allowance:      p.ReplyAllowance.String(),
		&field.Boxes.ReplicateAfter: p.ReplicateEvery.String(),
		&field.Boxes.Bulletins:      p.BulletinEvery.String(),
		&field.Boxes.Hold:           p.Hold.String(),
		&field.Boxes.FetchDelay:     p.FetchDelay.String(),
		&field.Boxes.FetchLoad:      p.FetchLoad,
		&field.Boxes.WritesPerDay:   p.WritesPerDay,
		&field.Boxes.StreamPerDay:   p.StreamPerDay,
		&field.Boxes.CatchUp:        p.CatchUp.String(),
		&field.Boxes.SlowDelay:      p.SlowDelay.String(),
		&field.Boxes.SlowQuiet:      p.SlowMargin().String(),
		&field.Boxes.Epoch:          p.EpochLength.String(),
		&field.Boxes.Retention:      fmt.Sprintf("%dd", p.RetentionDays),
		&field.Boxes.Reply:          fmt.Sprintf("%dB", reply),
	} {
		set(values, nameOf(of), value)
	}
	return values, nil
}

// frameSize is what a client moves for one packet, in bytes, and what a reply takes of that.
func frameSize(p directory.Parameters) (frame, reply int, err error) {
	params, err := p.PacketParams()
	if err != nil {
		return 0, 0, err
	}
	return params.PacketSize() + protocol.ExchangeOverhead, params.BodySize(), nil
}
