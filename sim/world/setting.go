package world

import (
	"fmt"
	"strconv"
	"time"

	"murmuration/internal/directory"
)

// settings are the network's parameters, under the names that they have in network files.
var settings = map[string]func(p *directory.Parameters, v string) error{
	"suite":           func(p *directory.Parameters, v string) error { p.Suite = v; return nil },
	"box_plaintext":   func(p *directory.Parameters, v string) error { return number(&p.BoxPlaintext, v) },
	"mean_hop_delay":  func(p *directory.Parameters, v string) error { return duration(&p.MeanHopDelay, v) },
	"hop_delay_limit": func(p *directory.Parameters, v string) error { return duration(&p.HopDelayLimit, v) },
	"reply_allowance": func(p *directory.Parameters, v string) error { return duration(&p.ReplyAllowance, v) },
	"payload_every":   func(p *directory.Parameters, v string) error { return duration(&p.PayloadEvery, v) },
	"loop_every":      func(p *directory.Parameters, v string) error { return duration(&p.LoopEvery, v) },
	"drop_every":      func(p *directory.Parameters, v string) error { return duration(&p.DropEvery, v) },
	"mix_loop_every":  func(p *directory.Parameters, v string) error { return duration(&p.MixLoopEvery, v) },
	"replicate_every": func(p *directory.Parameters, v string) error { return duration(&p.ReplicateEvery, v) },
	"watched_boxes":   func(p *directory.Parameters, v string) error { return number(&p.WatchedBoxes, v) },
	"poll_share":      func(p *directory.Parameters, v string) error { return fraction(&p.PollShare, v) },
	"replicas":        func(p *directory.Parameters, v string) error { return number(&p.Replicas, v) },
	"retention_days":  func(p *directory.Parameters, v string) error { return number(&p.RetentionDays, v) },
	"epoch_length":    func(p *directory.Parameters, v string) error { return duration(&p.EpochLength, v) },
}

func number(to *int, v string) (err error) {
	*to, err = strconv.Atoi(v)
	return err
}

func fraction(to *float64, v string) (err error) {
	*to, err = strconv.ParseFloat(v, 64)
	return err
}

func duration(to *time.Duration, v string) (err error) {
	*to, err = time.ParseDuration(v)
	return err
}

// set changes parameters by name: "mean_hop_delay 20ms drop_every 1s".
func set(p *directory.Parameters, words []string) error {
	if len(words) == 0 || len(words)%2 != 0 {
		return usage("set")
	}
	for i := 0; i < len(words); i += 2 {
		change, ok := settings[words[i]]
		if !ok {
			return fmt.Errorf("there is no parameter %q", words[i])
		}
		if err := change(p, words[i+1]); err != nil {
			return fmt.Errorf("parameter %s: %w", words[i], err)
		}
	}
	return nil
}
