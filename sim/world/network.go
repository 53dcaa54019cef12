package world

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"murmuration/internal/directory"
)

// ParseNetwork reads a network drawn as a line:
//
//	alice -> p1 -> [m1 m2] -> [m3 m4] -> [m5 m6] -> p2
//
// Nodes whose names are p and a number are providers, m and a number mixes, all others people.
// People stand first, if there are any; their providers follow, the i-th person at the i-th of them
// in turn; then the mixes of each layer; the last are providers, too. A name with a range, as
// u1..u20, stands for all in it.
func ParseNetwork(line string) (Network, error) {
	var n Network
	groups, drawn := strings.Split(line, "->"), map[string]bool{}
	for i, text := range groups {
		names, err := readGroup(text)
		if err != nil {
			return n, fmt.Errorf("drawing a network: %w", err)
		}
		switch kind := kindOf(names); {
		case kind == somebody && i == 0:
			n.People = names
		case kind == providerNode && len(n.Layers) == 0 &&
			len(n.Providers) == 0, kind == providerNode && i == len(groups)-1:
			n.Providers = append(n.Providers, missing(n.Providers, names)...)
		case kind == mixNode && len(n.Providers) > 0:
			n.Layers = append(n.Layers, names)
		default:
			return n, fmt.Errorf("drawing a network: %q cannot stand there: people, then "+
				"providers, layers of mixes, providers", strings.TrimSpace(text))
		}
		if name := twice(drawn, names, i == len(groups)-1); name != "" {
			return n, fmt.Errorf("drawing a network: there are two called %s", name)
		}
	}
	if len(n.Providers) == 0 || len(groups) < 2 {
		return n, fmt.Errorf("drawing a network: there is no provider in %q", line)
	}
	return n, nil
}

// kinds of names.
const (
	mixed = iota
	somebody
	providerNode
	mixNode
)

var (
	nodeName  = regexp.MustCompile(`^([pm])[0-9]+$`)
	rangeName = regexp.MustCompile(`^([a-z]+)([0-9]+)\.\.([a-z]+)([0-9]+)$`)
	anyName   = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
)

func kindOf(names []string) (kind int) {
	for i, name := range names {
		k := somebody
		if m := nodeName.FindStringSubmatch(name); m != nil {
			k = map[string]int{"p": providerNode, "m": mixNode}[m[1]]
		}
		if i > 0 && k != kind {
			return mixed
		}
		kind = k
	}
	return kind
}

// readGroup reads one name, or several in brackets or not.
func readGroup(text string) (names []string, err error) {
	text = strings.TrimSpace(text)
	if inside, open := strings.CutPrefix(text, "["); open {
		var closed bool
		if text, closed = strings.CutSuffix(inside, "]"); !closed {
			return nil, fmt.Errorf("a bracket is not closed")
		}
	}
	for _, word := range strings.Fields(text) {
		if m := rangeName.FindStringSubmatch(word); m != nil && m[1] == m[3] {
			from, errFrom := strconv.Atoi(m[2])
			to, errTo := strconv.Atoi(m[4])
			if errFrom != nil || errTo != nil || to < from || to-from > 100_000 {
				return nil, fmt.Errorf("%q is no range", word)
			}
			for i := from; i <= to; i++ {
				names = append(names, m[1]+strconv.Itoa(i))
			}
			continue
		}
		if !anyName.MatchString(word) {
			return nil, fmt.Errorf("%q is no name: small letters, then digits", word)
		}
		names = append(names, word)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("a place without a name")
	}
	return names, nil
}

// twice is a name that two bear, and notes all names as drawn; those of the last place may be drawn
// before.
func twice(drawn map[string]bool, names []string, last bool) string {
	here := map[string]bool{}
	for _, name := range names {
		if here[name] || drawn[name] && !(last && kindOf(names) == providerNode) {
			return name
		}
		here[name] = true
	}
	for name := range here {
		drawn[name] = true
	}
	return ""
}

// missing are the names that are not there yet.
func missing(there, names []string) (fresh []string) {
	known := map[string]bool{}
	for _, name := range there {
		known[name] = true
	}
	for _, name := range names {
		if !known[name] {
			fresh = append(fresh, name)
		}
	}
	return fresh
}

// settings find the network's parameters by the names that they have in network files.
var settings = map[string]func(p *directory.Parameters) any{
	"suite":           func(p *directory.Parameters) any { return &p.Suite },
	"box_plaintext":   func(p *directory.Parameters) any { return &p.BoxPlaintext },
	"mean_hop_delay":  func(p *directory.Parameters) any { return &p.MeanHopDelay },
	"hop_delay_limit": func(p *directory.Parameters) any { return &p.HopDelayLimit },
	"reply_allowance": func(p *directory.Parameters) any { return &p.ReplyAllowance },
	"payload_every":   func(p *directory.Parameters) any { return &p.PayloadEvery },
	"loop_every":      func(p *directory.Parameters) any { return &p.LoopEvery },
	"drop_every":      func(p *directory.Parameters) any { return &p.DropEvery },
	"mix_loop_every":  func(p *directory.Parameters) any { return &p.MixLoopEvery },
	"replicate_every": func(p *directory.Parameters) any { return &p.ReplicateEvery },
	"replicas":        func(p *directory.Parameters) any { return &p.Replicas },
	"retention_days":  func(p *directory.Parameters) any { return &p.RetentionDays },
	"epoch_length":    func(p *directory.Parameters) any { return &p.EpochLength },
	"clients":         func(p *directory.Parameters) any { return &p.Clients },
	"bulletin_every":  func(p *directory.Parameters) any { return &p.BulletinEvery },
	"hold":            func(p *directory.Parameters) any { return &p.Hold },
	"fetch_delay":     func(p *directory.Parameters) any { return &p.FetchDelay },
	"fetch_load":      func(p *directory.Parameters) any { return &p.FetchLoad },
	"writes_per_day":  func(p *directory.Parameters) any { return &p.WritesPerDay },
	"stream_per_day":  func(p *directory.Parameters) any { return &p.StreamPerDay },
	"catch_up":        func(p *directory.Parameters) any { return &p.CatchUp },
	"slow_delay":      func(p *directory.Parameters) any { return &p.SlowDelay },
	"write_tokens":    func(p *directory.Parameters) any { return &p.WriteTokens },
}

// set changes parameters by name: "mean_hop_delay 20ms drop_every 1s".
func set(p *directory.Parameters, words []string) error {
	if len(words) == 0 || len(words)%2 != 0 {
		return usage("set")
	}
	for i := 0; i < len(words); i += 2 {
		find, ok := settings[words[i]]
		if !ok {
			return fmt.Errorf("there is no parameter %q", words[i])
		}
		if err := read(find(p), words[i+1]); err != nil {
			return fmt.Errorf("parameter %s: %w", words[i], err)
		}
	}
	return nil
}

// read fills in a value of any of the types that lines have.
func read(to any, text string) (err error) {
	switch to := to.(type) {
	case *string:
		*to = text
	case *int:
		*to, err = strconv.Atoi(text)
	case *float64:
		*to, err = strconv.ParseFloat(text, 64)
	case *time.Duration:
		*to, err = time.ParseDuration(text)
	default:
		err = fmt.Errorf("no line has a %T", to)
	}
	return err
}
